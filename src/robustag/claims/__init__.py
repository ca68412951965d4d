"""Published claims as tests on measured numbers, with a verdict for each arm of the study.

`claim` says what a claim is, `taggers` and `landscapes` hold those of the two papers, `catalogue` them all.
Their tests stand in `setup`, `robustness`, `learning`, `attacks`, `inputs`, `surface`, `geometry` and
`systematics`; they fetch `quantities` with errors through `evidence` and judge them by the rule in `verdict`.
`judge` puts every claim to the test, `masking` audits the attacks, `reading` says what verdicts mean;
`report`, `document` and `summary` write what came out.
"""
