# make demo    the whole pipeline on the sample mock-up, or on IMAGE=picture.jpg
# make test    every check; what lands has passed it
# make bench   measurements, beside the peers that MAXRF_PEER (a Python that has
#              rosettasciio) and MAXRF_PYMCA (one that has PyMca5) name

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DISPLAY_RUN := $(if $(DISPLAY),,xvfb-run -a -s "-screen 0 1600x1000x24")
IMAGE ?=
GB ?= 2
SCANS ?= build/scans.json

.PHONY: demo test bench lint types manifest tests wheel sample clean

demo: $(READY)
	$(DISPLAY_RUN) $(BIN)/napari-maxrf demo $(if $(IMAGE),--image "$(IMAGE)") --out demo
	@echo "Results are in demo/: montage.png, napari.png, metrics.json and the scan."

test: lint types manifest tests wheel

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

manifest: $(READY)
	$(BIN)/npe2 validate --imports napari-maxrf

tests: $(READY)
	$(DISPLAY_RUN) $(BIN)/python -m pytest -q

wheel: $(READY)
	$(BIN)/python tools/check_wheel.py

# Paints the mock-up anew and scans it; the results are kept in sample_data.
sample: $(READY)
	$(BIN)/python sample_data/paint_mockup.py
	$(BIN)/napari-maxrf synthesise sample_data/mockup.png --max-side 144 \
		--pixel-size-mm 2 --out sample_data/mockup.maxrf

bench: $(READY)
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/pigment_table.py
	$(BIN)/python benchmarks/ideal_observer.py
	$(BIN)/python benchmarks/physics_checks.py
	$(BIN)/python benchmarks/real_scan_mixture.py
	$(BIN)/python benchmarks/real_scan_colours.py
	$(BIN)/python benchmarks/synthesis_speed.py
	$(BIN)/python benchmarks/synthesis_memory.py 1 10 --blocks 40
	$(DISPLAY_RUN) $(BIN)/python benchmarks/scans.py --window --gb $(GB) --out $(SCANS)

# A stamp, so that a second call installs nothing again.
$(READY): pyproject.toml constraints.txt tools/system_libraries.sh
	sh tools/system_libraries.sh "$(PYTHON)"
	test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable . --group dev
	touch $(READY)

clean:
	rm -rf $(VENV) build dist demo
