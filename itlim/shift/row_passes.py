"""The loops of fused.py, compiled by numba: three passes over each row.

Values are float32, block sums float64; a row stays in the processor's cache between its passes.
divergence.py defines the formulas.
"""
# mypy: ignore-errors
# numba infers the types of these functions and ignores annotations.

import numpy as np
from numba import njit

_F = np.float32
_BLOCK = 512
_ZERO, _ONE, _TWO, _TINY = _F(0), _F(1), _F(2), _F(1e-37)
# Below this, exp is set to 0 (its true value is under 1.7e-38).
_LOWEST = _F(-87.0)
_SIGN_SHIFT, _ALL_BUT_SIGN = np.int32(31), np.int32(0x7FFFFFFF)
_MIN_INT = np.int32(-(2**31))
# exp(x) = 2^k exp(r): adding 1.5 * 2^23 rounds to the nearest integer; ln 2 in two parts and the
# polynomial are those of Cephes' expf (netlib.org/cephes), accurate to about 1 ulp.
_LOG2_E, _ROUNDER = _F(1.44269504088896341), _F(12582912.0)
_LN2_HIGH, _LN2_LOW = _F(0.693359375), _F(-2.12194440e-4)
_E0, _E1, _E2 = _F(1.9875691500e-4), _F(1.3981999507e-3), _F(8.3334519073e-3)
_E3, _E4, _E5 = _F(4.1665795894e-2), _F(1.6666665459e-1), _F(5.0000001201e-1)
# artanh(s) / s as a polynomial in s^2 over [0, 1/9] (Chebyshev fit, error under 1e-8).
_A1, _A2, _A3, _A4 = (
    _F(0.3333315849304199),
    _F(0.20012426376342773),
    _F(0.1398070901632309),
    _F(0.1408732831478119),
)
# Sums may be reordered for vectorization, but NaN must propagate. The rounding trick in exp must
# not be reordered.
_SUMS = {"reassoc", "contract", "nsz", "arcp"}
_EXACT = {"contract"}


@njit(fastmath=_EXACT, error_model="numpy")
def _exp(x):
    shifted = x * _LOG2_E + _ROUNDER
    k = shifted - _ROUNDER
    r = x - k * _LN2_HIGH
    r = r - k * _LN2_LOW
    y = ((((_E0 * r + _E1) * r + _E2) * r + _E3) * r + _E4) * r + _E5
    y = y * (r * r) + r + _ONE
    exponent = np.int32((np.float32(shifted).view(np.int32) << np.int32(23)) + np.int32(0x3F800000))
    power = np.int32(exponent).view(np.float32)
    return _ZERO if x < _LOWEST else y * power


@njit(fastmath=_EXACT, error_model="numpy")
def _log1p_ratio(smaller, larger):
    """ln(1 + smaller / larger) = 2 artanh(s), s = smaller / (2 larger + smaller)."""
    s = smaller / (_TWO * larger + smaller)
    z = s * s
    return _TWO * s * ((((_A4 * z + _A3) * z + _A2) * z + _A1) * z + _ONE)


@njit(error_model="numpy")
def _ordered(bits):
    """Map the bits of a float32 to an int32 of the same order; the function is its own inverse."""
    return np.int32(bits ^ np.int32(np.int32(bits >> _SIGN_SHIFT) & _ALL_BUT_SIGN))


@njit(nogil=True, error_model="numpy")
def _block_maxima(bits, maxima):
    """Write the largest logit of each block to `maxima`; return that of the row.

    Compares integers, because the compiler vectorizes these. A positive NaN counts as larger than
    infinity, and later sums propagate any NaN.
    """
    for number in range(maxima.shape[0]):
        block = bits[number * _BLOCK : min(bits.shape[0], (number + 1) * _BLOCK)]
        best = _MIN_INT
        for i in range(block.shape[0]):
            best = max(best, _ordered(block[i]))
        maxima[number] = np.int32(_ordered(best)).view(np.float32)
    return maxima.max()


@njit(nogil=True, error_model="numpy")
def _top(row, maxima, ids):
    """Write the ids of the largest logits to `ids`, descending; ties by ascending id.

    Only blocks whose maximum reaches the k-th largest block maximum can contain one.
    """
    count = ids.shape[0]
    threshold = maxima.min()
    if maxima.shape[0] > count:
        threshold = np.sort(maxima)[maxima.shape[0] - count]
    found = 0
    for block in range(maxima.shape[0]):
        if maxima[block] < threshold:
            continue
        if found == count and not maxima[block] > row[ids[count - 1]]:
            continue
        start = block * _BLOCK
        for i in range(start, min(row.shape[0], start + _BLOCK)):
            value = row[i]
            if found == count and not value > row[ids[count - 1]]:
                continue
            place = found if found < count else count - 1
            while place > 0 and value > row[ids[place - 1]]:
                ids[place] = ids[place - 1]
                place -= 1
            ids[place] = i
            found = min(found + 1, count)


@njit(nogil=True, fastmath=_SUMS, error_model="numpy")
def _totals(tuned, base, tuned_max, base_max, argmax_logit, emitted_logit):
    """Both sums of exp, and the numbers of base logits above the argmax's and the emitted one's."""
    tuned_total = base_total = 0.0
    above_argmax = above_emitted = 0.0
    for start in range(0, tuned.shape[0], _BLOCK):
        stop = min(tuned.shape[0], start + _BLOCK)
        t = b = a = e = _ZERO
        for i in range(start, stop):
            t += _exp(tuned[i] - tuned_max)
            b += _exp(base[i] - base_max)
            a += _ONE if base[i] > argmax_logit else _ZERO
            e += _ONE if base[i] > emitted_logit else _ZERO
        tuned_total += t
        base_total += b
        above_argmax += a
        above_emitted += e
    return tuned_total, base_total, above_argmax, above_emitted


@njit(nogil=True, fastmath=_SUMS, error_model="numpy")
def _expectations(tuned, base, tuned_max, base_max, tuned_scale, base_scale, offset):
    """E_p[d], E_q[d], the JS sum, E_p[x], E_q[y]; d = ln p - ln q; x, y: logits minus maximum."""
    p_d = q_d = mixed = p_x = q_y = 0.0
    for start in range(0, tuned.shape[0], _BLOCK):
        stop = min(tuned.shape[0], start + _BLOCK)
        s0 = s1 = s2 = s3 = s4 = _ZERO
        for i in range(start, stop):
            x = tuned[i] - tuned_max
            y = base[i] - base_max
            p = _exp(x) * tuned_scale
            q = _exp(y) * base_scale
            d = (x - y) - offset
            s0 += p * d
            s1 += q * d
            s3 += p * x
            s4 += q * y
            smaller = p if p < q else q
            larger = (q if p < q else p) + _TINY
            s2 += (p + q) * _log1p_ratio(smaller, larger) + smaller * abs(d)
        p_d += s0
        q_d += s1
        mixed += s2
        p_x += s3
        q_y += s4
    return p_d, q_d, mixed, p_x, q_y


@njit(error_model="numpy")
def _at_least_zero(value):
    # Rounding can give -1e-8 for two equal distributions; NaN is kept.
    return 0.0 if value < 0.0 else value


@njit(nogil=True, error_model="numpy")
def _fill_probs(row, ids, largest, log_total, probs):
    for n in range(ids.shape[0]):
        probs[n] = np.exp(np.float64(row[ids[n]]) - np.float64(largest) - log_total)


@njit(nogil=True, error_model="numpy", cache=True)
def measure_rows(base, tuned, emitted, ranks, values, base_ids, tuned_ids, base_probs, tuned_probs):
    """Measure n positions of (n, V) logits.

    Fills `ranks` (n, 2): tuned argmax, emitted id; `values` (n, 5): KL(tuned || base),
    KL(base || tuned), JS, entropy of base, entropy of tuned; and per model the ids and
    probabilities (n, k + 2): its top k, the tuned argmax, the emitted id.
    """
    blocks = (base.shape[1] + _BLOCK - 1) // _BLOCK
    base_maxima = np.empty(blocks, np.float32)
    tuned_maxima = np.empty(blocks, np.float32)
    base_bits, tuned_bits = base.view(np.int32), tuned.view(np.int32)
    k = base_ids.shape[1] - 2
    for n in range(base.shape[0]):
        b, t = base[n], tuned[n]
        b_max = _block_maxima(base_bits[n], base_maxima)
        t_max = _block_maxima(tuned_bits[n], tuned_maxima)
        _top(b, base_maxima, base_ids[n, :k])
        _top(t, tuned_maxima, tuned_ids[n, :k])
        argmax, r = tuned_ids[n, 0], emitted[n]
        t_sum, b_sum, above_argmax, above_emitted = _totals(t, b, t_max, b_max, b[argmax], b[r])
        t_log, b_log = np.log(t_sum), np.log(b_sum)
        # ln p - ln q = (x - y) - offset
        offset = np.float32(t_log - b_log)
        t_scale, b_scale = np.float32(1.0 / t_sum), np.float32(1.0 / b_sum)
        p_d, q_d, mixed, p_x, q_y = _expectations(t, b, t_max, b_max, t_scale, b_scale, offset)
        ranks[n, 0], ranks[n, 1] = above_argmax + 1, above_emitted + 1
        values[n, 0] = _at_least_zero(p_d)
        values[n, 1] = _at_least_zero(-q_d)
        values[n, 2] = _at_least_zero(np.log(2.0) - 0.5 * mixed)
        values[n, 3] = _at_least_zero(b_log - q_y)
        values[n, 4] = _at_least_zero(t_log - p_x)
        base_ids[n, k], base_ids[n, k + 1] = argmax, r
        tuned_ids[n, k], tuned_ids[n, k + 1] = argmax, r
        _fill_probs(b, base_ids[n], b_max, b_log, base_probs[n])
        _fill_probs(t, tuned_ids[n], t_max, t_log, tuned_probs[n])
