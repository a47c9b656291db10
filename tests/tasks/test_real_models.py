"""Hugging Face models through lm-eval's own `hf`: an untrained Mamba, and SmolLM2-135M-Instruct where `make test-slow` put it."""

from pathlib import Path

import pytest

from musi.report import report
from tests.models import evaluate

SMOLLM2 = Path(__file__).parents[2] / "runs" / "smollm2"


def run(model: Path, out: Path, **options):
    """musi_quick on two items: lm-eval's own metrics, and the report on the samples that it saved."""
    metrics = evaluate(
        "hf", "musi_quick", out, limit=2, model_args={"pretrained": str(model)}, batch_size=4, device="cpu", **options
    )
    return metrics, report(out)["musi_quick"]


@pytest.mark.slow
def test_untrained_mamba(tmp_path):
    """Noise gets nothing right: accuracies are 0, retention is undefined and not a number that looks like one."""
    torch = pytest.importorskip("torch")
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import MambaConfig, MambaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(["<end>", *sorted(alphabet)])}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", pad_token="<end>").save_pretrained(tmp_path / "model")
    config = MambaConfig(
        vocab_size=257, hidden_size=16, num_hidden_layers=1, state_size=4, pad_token_id=0, bos_token_id=0, eos_token_id=0
    )
    MambaForCausalLM(config).save_pretrained(tmp_path / "model")
    metrics, found = run(tmp_path / "model", tmp_path / "out")
    assert metrics["single_acc"] == 0
    assert metrics["retention"] == "N/A"
    assert found["retention"]["value"] is None


@pytest.mark.realmodel
@pytest.mark.skipif(not SMOLLM2.exists(), reason="run `make test-slow`, which converts SmolLM2 into runs/smollm2")
def test_smollm2_with_its_chat_template(tmp_path):
    """What lm-eval prints is what the saved samples give."""
    metrics, found = run(SMOLLM2, tmp_path / "out", apply_chat_template=True)
    assert metrics["single_acc"] == found["single_acc"]["value"]
    assert metrics["stage_acc_loose"] == found["loose"]["stage_acc"]["value"]
