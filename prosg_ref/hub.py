"""Checkpoints on the Hugging Face hub: the same folder there as on disk."""

from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from musi.errors import MusiError

from .checkpoint import load_backbone
from .rwkv4 import RWKV4
from .tokenizer import AnyTokenizer, Tokenizer
from .world_tokenizer import WORLD_FILE

FILES = ["config.json", "model.safetensors", Tokenizer.file_name, WORLD_FILE, "README.md"]


def from_pretrained(name: str, revision: str | None = None, download: bool = False) -> tuple[RWKV4, AnyTokenizer]:
    """A backbone and its tokenizer from a folder, or from a repository on the hub.

    Args:
        name: a folder, or `owner/name`.
        revision: branch, tag or commit of a repository.
        download: fetch what is not in the local cache; without it nothing leaves this machine.

    Raises MusiError when there is no such checkpoint, or it does not load.
    """
    if Path(name).is_dir():
        return load_backbone(Path(name))
    try:
        folder = snapshot_download(name, revision=revision, allow_patterns=FILES, local_files_only=not download)
    except HFValidationError:
        raise MusiError(f"{name}: neither a folder nor owner/name of a repository; give one of them") from None
    except LocalEntryNotFoundError:
        step = "check the name and the network" if download else "pass download=True to fetch it"
        raise MusiError(f"{name}: not in the local cache; {step}") from None
    except (HfHubHTTPError, OSError) as error:
        raise MusiError(f"{name}: {_first_line(error)}; check the name and your login") from None
    return load_backbone(Path(folder))


def push_to_hub(folder: Path, name: str, private: bool = True) -> str:
    """Upload a checkpoint's files to the repository `owner/name`, made if need be; returns the address of the commit.

    The checkpoint is loaded first, so nothing broken is uploaded; other files in the folder stay here. The login is the
    one of `hf auth login`. Raises MusiError when the checkpoint does not load or the hub refuses.
    """
    load_backbone(folder)
    api = HfApi()
    try:
        api.create_repo(name, private=private, exist_ok=True)
        return str(api.upload_folder(folder_path=folder, repo_id=name, allow_patterns=FILES))
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise MusiError(f"{name}: {_first_line(error)}; check the name and your login (`hf auth login`)") from None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
