"""A 135M-parameter family on real data: an instruction-tuned model, tuned further on Dolly."""
