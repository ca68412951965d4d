"""Published claims as tests on measured numbers, with a verdict for each arm of the study.

`verdict` holds the rule, `evidence` fetches numbers with errors, `robustness` and `geometry` hold the tests,
`catalogue` the claims themselves, `judge` puts every claim to the test, `report` writes what came out, and
`headline` the few numbers a run ends with.
"""
