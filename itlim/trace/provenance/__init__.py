"""Compare a set of responses with datasets: which one was their model tuned on?"""
