"""A small studio: pigments, brushes and forms that paint ``mockup.png``.

The modules go from the material to the picture::

    fields   grids, noise and signed shapes, all in panel pixels
    paint    the twelve pigments and their mixtures (Kubelka-Munk)
    brush    a canvas and one bristle stroke
    passage  an area of the picture, painted stroke by stroke
    forms    solids under studio light (spheres, turned vessels, cloth)
    landscape, still_life, fruit   what is seen
    support  wood, gesso, pencil, craquelure and raking light
    swatches the pigment samples and mixtures around the picture
"""
