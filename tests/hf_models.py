"""Small untrained Hugging Face models with a byte tokenizer, saved as folders that `--model hf` loads."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    PreTrainedTokenizerFast,
    RwkvConfig,
    RwkvForCausalLM,
)

TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}</{{ m['role'] }}>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
SPECIAL = {"pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0}
MODELS = {
    "llama": lambda length: LlamaForCausalLM(
        LlamaConfig(
            vocab_size=257,
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=length,
            **SPECIAL,
        )
    ),
    "mamba": lambda length: MambaForCausalLM(
        MambaConfig(vocab_size=257, hidden_size=16, num_hidden_layers=1, state_size=4, **SPECIAL)
    ),
    "rwkv": lambda length: RwkvForCausalLM(
        RwkvConfig(vocab_size=257, hidden_size=16, num_hidden_layers=2, context_length=length, **SPECIAL)
    ),
}


def save(kind: str, folder: Path, length: int = 8192) -> Path:
    """Write a model of a kind of `MODELS` that holds `length` tokens (bytes) to `folder`."""
    torch.manual_seed(0)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(["<end>", *alphabet])}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", pad_token="<end>", chat_template=TEMPLATE)
    fast.save_pretrained(folder)
    MODELS[kind](length).save_pretrained(folder)
    return folder
