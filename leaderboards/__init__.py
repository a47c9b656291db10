"""Submissions in, a verified static site out: nothing that a submitter computed is believed, all of it is computed again.

submit  lm-eval's output folder → submission folder        submission.py
check   submission folder → estimates, or a refusal        check.py
accept  checked submission → entries/ and decisions.jsonl  decisions.py
build   entries/ and decisions.jsonl → index.html          board.py
"""
