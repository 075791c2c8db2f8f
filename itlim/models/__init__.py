"""Language models behind one protocol: Hugging Face pairs, and stored runs replayed."""
