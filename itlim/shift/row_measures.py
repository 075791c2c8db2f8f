"""What one comparison of two models' logits gives, before it becomes `TokenShifts`."""

from dataclasses import dataclass

from itlim.records import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMeasures:
    """Measures of n positions, each comparing P_base with P_tuned. Arrays of n rows."""

    argmax_ids: IntArray
    """y = argmax P_tuned; of equal ones the lowest id."""
    base_ranks: IntArray
    """1-based rank of y under P_base; ties share the better rank."""
    emitted_ranks: IntArray
    """1-based rank of the emitted id under P_base."""
    base_probs: FloatArray
    """P_base(y)."""
    tuned_probs: FloatArray
    """P_tuned(y)."""
    emitted_probs: FloatArray
    """P_base(emitted)."""
    emitted_tuned_probs: FloatArray
    """P_tuned(emitted)."""
    kl_tuned_base: FloatArray
    """KL(P_tuned || P_base), nats."""
    kl_base_tuned: FloatArray
    """KL(P_base || P_tuned), nats."""
    js: FloatArray
    """Jensen-Shannon divergence, nats, at most ln 2."""
    base_entropies: FloatArray
    tuned_entropies: FloatArray
    top_base_ids: IntArray
    """(n, k) by falling P_base; equal ones by rising id."""
    top_base_probs: FloatArray
    top_tuned_ids: IntArray
    top_tuned_probs: FloatArray
