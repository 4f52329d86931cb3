"""A small studio: pigments, brushes and forms that paint ``mockup.png``.

The modules go from the material to the picture::

    fields      grids, noise and signed shapes, all in panel pixels
    paint       the twelve pigments and their mixtures (Kubelka-Munk)
    brush       a canvas and one bristle stroke
    forms       solids under studio light: balls, turned vessels, cloth
    passage     an area of the picture, painted stroke by stroke
    studio      brushes and highlights of the things on the ledge
    landscape   sky, clouds, hills, a farm, cypresses
    drapery     ledge, cloth and cast shadows
    vessels     the jug and the bowl
    fruit       pomegranates, pears, grapes, leaves
    still_life  these three, in the order of painting
    swatches    samples of the pigments and mixtures round the picture
    support     wood, gesso, pencil, craquelure and raking light
"""
