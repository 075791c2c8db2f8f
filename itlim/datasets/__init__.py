"""Readers that turn instruction-tuning datasets into the INSTANCES table."""
