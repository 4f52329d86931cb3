r"""The ideal observer: how often the best possible judge mistakes two spectra.

A pixel shows one of two pigments, both as likely, whose expected spectra p and q
sum to 1, and each channel i counts Poisson(N p_i) or Poisson(N q_i) photons. The
best judge compares ``L = sum n_i ln(p_i / q_i)`` with 0. Its error is half of
``sum_n min(P(n), Q(n))`` over all counts n that can occur. With rates r between
both pigments, ``r_i = p_i^(1-t) q_i^t``, whose sum is C(t), this is exactly

    error = 1/2 exp(-N (1 - C)) E[g(L)],   g(L) = exp(t L) for L < 0,
                                                  exp(-(1 - t) L) for L >= 0,

for every t between 0 and 1, where the mean E is over photons of rates N r. The
exponential is the Chernoff bound; the mean lies between 0 and 1. So small errors are
no differences of large numbers, and t is chosen to make the bound tight. L is a
sum of a Poisson number of independent steps ln(p_i / q_i), so that its distribution
follows from the steps by two Fourier transforms on a lattice.

The Chernoff bound: H. Chernoff, Ann. Math. Stat. 23, 493 (1952). Sums of Poisson
many steps by Fourier transform: P. Embrechts and M. Frei, Math. Meth. Oper. Res. 69,
497 (2009).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from napari_maxrf.errors import MaxrfError

Floats = npt.NDArray[np.float64]

_LATTICE = 4096
_BLOCK_VALUES = 2**20
_NEWTON_STEPS = 6
_TILT_MARGIN = 0.02
_TILT_PRECISION = 1e-3
_RARE_PHOTONS = 1e-7
_WINDOW_DEVIATIONS = 8.0
_WINDOW_STEPS = 3.0
_SOLVER_ROUNDS = 40
_SOLVER_PRECISION = 1e-4
NEGLIGIBLE = 1e-15
"""Errors below are given as 0 in a table of many spectra."""
MOST_COUNTS = 1e9
"""Counts beyond which two spectra are taken to be the same."""


def ideal_error(
    first: npt.ArrayLike, second: npt.ArrayLike, counts: npt.ArrayLike
) -> Floats:
    """Return the error of the ideal observer between pairs of spectra.

    Parameters
    ----------
    first, second : array, shape (n_pairs, n_channels) or (n_channels,)
        Expected spectra; each is taken relative to its sum.
    counts : array, shape (n_pairs,) or ()
        Mean number of photons, the same for both spectra of a pair.

    Returns
    -------
    ndarray, shape (n_pairs,)
        Share of wrong decisions: 0.5 where the spectra are equal, 0 for certainty.
        Within 0.2 % of itself down to 1e-12.

    Raises
    ------
    MaxrfError
        A spectrum is empty, negative or not finite, or counts are not above 0.

    Examples
    --------
    >>> ideal_error([0.5, 0.5], [0.5, 0.5], 100).tolist()
    [0.5]
    >>> error = ideal_error([1.0, 0.0], [0.0, 1.0], 5)  # wrong without a photon
    >>> bool(np.isclose(error[0], 0.5 * np.exp(-5)))
    True
    """
    p, q = np.broadcast_arrays(_log_shares(first), _log_shares(second))
    means = np.broadcast_to(_checked_counts(counts), len(p))
    errors = np.empty(len(p))
    for block in _blocks(*p.shape):
        errors[block] = _Contest.between(p[block], q[block]).error(means[block])
    return errors


def error_table(
    rows: npt.ArrayLike, counts: float, columns: npt.ArrayLike | None = None
) -> Floats:
    """Return the error of the ideal observer between all spectra of a list.

    Only pairs whose Bhattacharyya bound, ``1/2 exp(-N (1 - sum sqrt(p q)))``, is
    not negligible are worked out.

    Parameters
    ----------
    rows : array, shape (n, n_channels)
        Expected spectra.
    counts : float
        Mean number of photons of all.
    columns : array, shape (m, n_channels), optional
        Other spectra to tell the rows from, instead of one another.

    Returns
    -------
    ndarray, shape (n, m) or (n, n)
        As `ideal_error`; errors below 1e-15 are 0.

    Raises
    ------
    MaxrfError
        A spectrum is empty, negative or not finite, or counts are not above 0.

    Examples
    --------
    >>> table = error_table([[1, 1], [1, 3]], 50)
    >>> table.diagonal().tolist(), bool(table[0, 1] == table[1, 0])
    ([0.5, 0.5], True)
    """
    p = np.exp(_log_shares(rows))
    q = p if columns is None else np.exp(_log_shares(columns))
    loss = np.maximum(1 - np.sqrt(p) @ np.sqrt(q).T, 0)
    within_reach = _checked_counts(counts) * loss < -np.log(2 * NEGLIGIBLE)
    first, second = np.nonzero(
        within_reach if columns is not None else np.triu(within_reach, 1)
    )
    table = np.zeros(loss.shape)
    for block in _blocks(len(first), p.shape[1]):
        i, j = first[block], second[block]
        table[i, j] = ideal_error(p[i], q[j], counts)
    return table if columns is not None else table + table.T + np.eye(len(p)) / 2


def counts_for_error(
    first: npt.ArrayLike, second: npt.ArrayLike, error: float = 0.01
) -> Floats:
    """Return how many photons the ideal observer needs to err this rarely.

    Parameters
    ----------
    first, second : array, shape (n_pairs, n_channels) or (n_channels,)
        Expected spectra; each is taken relative to its sum.
    error : float
        Accepted share of wrong decisions, above 0 and below 0.5.

    Returns
    -------
    ndarray, shape (n_pairs,)
        Mean number of photons; infinite if a billion do not suffice.

    Raises
    ------
    MaxrfError
        A spectrum cannot be used, or the error is not between 0 and 0.5.

    Examples
    --------
    >>> needed = counts_for_error([1.0, 0.0], [0.0, 1.0], 0.01)
    >>> round(float(needed[0]), 2)  # ln 50
    3.91
    """
    if not 0 < error < 0.5:
        raise MaxrfError(f"The error must lie between 0 and 0.5, got {error:g}.")
    p, q = np.broadcast_arrays(_log_shares(first), _log_shares(second))
    needed = np.empty(len(p))
    for block in _blocks(*p.shape):
        needed[block] = _Contest.between(p[block], q[block]).counts_for(error)
    return needed


@dataclass(frozen=True, eq=False)
class _Contest:
    """Pairs of spectra, and the rates between them that make the bound tight.

    Attributes
    ----------
    steps : ndarray, shape (n_pairs, n_channels)
        ln(p / q), and 0 in channels that only one spectrum reaches.
    rates : ndarray, shape (n_pairs, n_channels)
        p^(1-t) q^t.
    tilt : ndarray, shape (n_pairs,)
        t.
    loss : ndarray, shape (n_pairs,)
        1 - C(t), the exponent per photon.
    """

    steps: Floats
    rates: Floats
    tilt: Floats
    loss: Floats

    @classmethod
    def between(cls, log_p: Floats, log_q: Floats) -> _Contest:
        """Choose t by Newton's method, as C is convex."""
        shared = np.isfinite(log_p) & np.isfinite(log_q)
        steps = np.subtract(log_p, log_q, out=np.zeros(log_p.shape), where=shared)
        tilt = np.full(len(steps), 0.5)
        rates = _between(log_p, log_q, tilt)
        for _ in range(_NEWTON_STEPS):
            before, tilt = tilt, _newton(tilt, *_moments(rates, steps))
            rates = _between(log_p, log_q, tilt)
            if np.abs(tilt - before).max() < _TILT_PRECISION:
                break
        t = tilt[:, None]
        mean = (1 - t) * np.exp(log_p) + t * np.exp(log_q)
        return cls(steps, rates, tilt, np.maximum((mean - rates).sum(axis=1), 0))

    def error(self, counts: Floats) -> Floats:
        """Return the error of each pair at its mean number of photons."""
        steps, spacing = self._lattice_steps(counts)
        chance = self._chances(steps, counts)
        place = np.fft.fftfreq(_LATTICE, 1 / _LATTICE) * spacing[:, None]
        t = self.tilt[:, None]
        weight = np.exp(np.where(place < 0, t * place, (t - 1) * place))
        tightness = np.clip((chance * weight).sum(axis=1), 0, 1)
        return np.asarray(0.5 * np.exp(-counts * self.loss) * tightness)

    def counts_for(self, error: float) -> Floats:
        """Solve for the counts: ln z is almost linear in ln N, by secants."""
        goal = _log_deviate(np.array(error))
        low = np.full(len(self.loss), np.log(1e-3))
        high = np.full(len(self.loss), np.log(MOST_COUNTS))
        hopeless = self.error(np.exp(high)) > error
        guess = np.zeros(len(low))
        for _ in range(_SOLVER_ROUNDS):
            miss = goal - _log_deviate(self.error(np.exp(guess)))
            low, high = np.where(miss > 0, guess, low), np.where(miss > 0, high, guess)
            if np.all((np.abs(miss) < _SOLVER_PRECISION) | hopeless):
                break
            step = guess + 2 * miss
            inside = (step > low) & (step < high)
            guess = np.where(inside, step, (low + high) / 2)
        return np.where(hopeless, np.inf, np.exp(guess))

    def _lattice_steps(self, counts: Floats) -> tuple[Floats, Floats]:
        """Return the steps in units of a lattice that holds L, and its spacing.

        Channels that expect next to no photon do not widen the lattice: their
        steps are shortened, which moves the error by less than their photons.
        """
        seen = counts[:, None] * self.rates > _RARE_PHOTONS
        reach = np.abs(self.steps).max(axis=1, where=seen, initial=0)
        steps = np.clip(self.steps, -reach[:, None], reach[:, None])
        mean, variance = _moments(self.rates, steps)
        half = np.abs(counts * mean) + _WINDOW_STEPS * reach
        half += _WINDOW_DEVIATIONS * np.sqrt(counts * variance)
        spacing = np.where(half > 0, 2 * half / _LATTICE, 1.0)
        return steps / spacing[:, None], spacing

    def _chances(self, steps: Floats, counts: Floats) -> Floats:
        """Return the distribution of L on the lattice, zero first, then circular."""
        spectrum = np.fft.rfft(_on_lattice(steps, self.rates), axis=1)
        exponent = counts[:, None] * (spectrum - spectrum[:, :1].real)
        return np.asarray(np.fft.irfft(np.exp(exponent), _LATTICE, axis=1))


def _newton(tilt: Floats, slope: Floats, curvature: Floats) -> Floats:
    """Move t towards the lowest C; any t is exact, the best one loses no digits."""
    step = np.divide(slope, curvature, out=np.zeros_like(slope), where=curvature > 0)
    return np.clip(tilt + step, _TILT_MARGIN, 1 - _TILT_MARGIN)


def _between(log_p: Floats, log_q: Floats, tilt: Floats) -> Floats:
    t = tilt[:, None]
    return np.asarray(np.exp((1 - t) * log_p + t * log_q))


def _moments(rates: Floats, steps: Floats) -> tuple[Floats, Floats]:
    """Return the mean and the variance of L per photon of the whole spectrum."""
    first = np.einsum("pc,pc->p", rates, steps)
    return first, np.einsum("pc,pc,pc->p", rates, steps, steps)


def _on_lattice(steps: Floats, rates: Floats) -> Floats:
    """Share rates out to lattice points, keeping sum, mean and mean square.

    Three points per step; the transform of such a share is at most 1 in size (as
    in the Lax-Wendroff scheme), so nothing can blow up.
    """
    nearest = np.rint(steps)
    rest = steps - nearest
    row = np.arange(len(steps))[:, None] * _LATTICE
    lattice = np.zeros(len(steps) * _LATTICE)
    for shift, share in (
        (-1, (rest**2 - rest) / 2),
        (0, 1 - rest**2),
        (1, (rest**2 + rest) / 2),
    ):
        place = row + (nearest.astype(np.int64) + shift) % _LATTICE
        lattice += np.bincount(
            place.ravel(), (rates * share).ravel(), minlength=lattice.size
        )
    return lattice.reshape(len(steps), _LATTICE)


def _log_deviate(error: Floats) -> Floats:
    """Return ln z where the error of a Gaussian contest, Phi(-z), is `error`."""
    bounded = np.clip(error, 1e-300, 0.5 - 1e-15)
    return np.asarray(np.log(-special.ndtri(bounded)))


def _blocks(n_pairs: int, n_channels: int) -> list[slice]:
    """Cut the pairs so that every block of arrays stays in a few megabytes."""
    size = max(1, _BLOCK_VALUES // max(n_channels, _LATTICE))
    return [slice(start, start + size) for start in range(0, n_pairs, size)]


def _log_shares(spectra: npt.ArrayLike) -> Floats:
    values = np.atleast_2d(np.asarray(spectra, dtype=np.float64))
    totals = values.sum(axis=1, keepdims=True)
    if not (np.isfinite(totals).all() and (values >= 0).all() and (totals > 0).all()):
        raise MaxrfError(
            f"Spectra of shape {values.shape} hold values that are negative or not "
            "finite, or nothing but zeros."
        )
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(values / totals))


def _checked_counts(counts: npt.ArrayLike) -> Floats:
    values = np.asarray(counts, dtype=np.float64)
    wrong = values[~((values > 0) & (values <= MOST_COUNTS))]
    if wrong.size:
        raise MaxrfError(
            f"Counts must be above 0 and at most {MOST_COUNTS:g}, got {wrong[0]:g}."
        )
    return values
