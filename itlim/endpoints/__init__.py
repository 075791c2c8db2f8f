"""Servers with OpenAI's protocol: settings, key, rates and repeated requests."""
