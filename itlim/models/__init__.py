"""Load Hugging Face model pairs and read their logits."""
