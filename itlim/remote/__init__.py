"""Figures of pairs behind servers: what is exact, what is a bound, and what is missing.

The layout of requests and answers is that of vLLM 0.15.0. It was taken from vLLM's documentation
and source (https://docs.vllm.ai/en/v0.15.0/api/vllm/); no vLLM server was run.
"""
