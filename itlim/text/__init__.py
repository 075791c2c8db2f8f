"""Text and its positions: prompts, token texts, words, phrases, UTF-16 offsets."""
