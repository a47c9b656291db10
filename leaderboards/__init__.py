"""Submissions in, a verified static site out: nothing that a submitter computed is believed, all of it is computed again.

submit  lm-eval's output folder → submission folder                submission.py
check   submission folder → figures and signals, or a refusal      check.py (evidence, signals, archive, names, untrusted)
review  pull request → the same, as a comment                      review.py
accept  checked submission → entries/ and decisions.jsonl          decisions.py
rerun   random items of an entry, run again                        rerun.py
build   entries/ and decisions.jsonl → a site                      board.py (record, ranking, table, chart, pages, export)
season  secret seed → test set, revealed when it is over           season.py
"""
