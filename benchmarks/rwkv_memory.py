"""Peak memory of one optimiser step of each phase at the RWKV-4-430M shape, gradient checkpointing on.

    python benchmarks/rwkv_memory.py          # both phases, each in a process of its own; about four minutes on one core

Phase 1 trains every weight on 2 texts of 1,024 tokens; phase 2 freezes the backbone and trains the synthesis module of the
shipped recipe on 2 prompts and answers of 512 tokens each. The peak is the kernel's count of resident memory. The last
line is one JSON object.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

BATCH, TIME = 2, 1024


def backbone_step() -> float:
    """Phase 1 as `prosg_ref.train` does it; returns the loss."""
    import torch

    from prosg_ref.loss import head_cross_entropy
    from prosg_ref.run import BETAS
    from prosg_ref.rwkv4 import RWKV4, RWKV4Config

    model = RWKV4(RWKV4Config(24, 1024, 50277))
    model.gradient_checkpointing = True
    optimizer = torch.optim.Adam(model.lr_groups(1e-5), betas=BETAS, fused=True)
    tokens = torch.randint(0, 50277, (BATCH, TIME + 1))
    x, _ = model.hidden(tokens[:, :-1])
    loss, _ = head_cross_entropy(x, model.head.weight, tokens[:, 1:], torch.ones(BATCH, TIME))
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def prosg_step() -> float:
    """Phase 2 as `prosg_ref.train` does it; returns the loss."""
    import torch

    from prosg_ref.loss import head_cross_entropy
    from prosg_ref.prosg import ProSG
    from prosg_ref.recipes import ProSGRecipe, load_recipe, shipped
    from prosg_ref.run import BETAS
    from prosg_ref.rwkv4 import RWKV4, RWKV4Config

    recipe = load_recipe(shipped("rwkv4-430m-prosg-tokens.yaml"), ProSGRecipe)
    backbone = RWKV4(RWKV4Config(24, 1024, 50277))
    backbone.gradient_checkpointing = recipe.schedule.gradient_checkpointing
    model = ProSG(backbone, recipe.prosg)
    optimizer = torch.optim.Adam(model.synthesis.parameters(), lr=1e-4, betas=BETAS, fused=True)
    tokens = torch.randint(0, 50277, (BATCH, TIME + 1))
    prompt, answer = tokens[:, : TIME // 2], tokens[:, TIME // 2 :]
    memory = model.internalize(prompt)
    x, _ = backbone.hidden(answer[:, :-1], memory.state, delta=memory.delta)
    loss, _ = head_cross_entropy(x, backbone.head.weight, answer[:, 1:], torch.ones(BATCH, TIME // 2))
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.synthesis.parameters(), 1.0)
    optimizer.step()
    return loss.item()


PHASES = {"phase1": backbone_step, "phase2": prosg_step}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phase", choices=PHASES, help="this phase only, in this process")
    options = parser.parse_args()
    if options.phase:
        start = time.perf_counter()
        loss = PHASES[options.phase]()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9  # Linux counts in KiB
        seconds = time.perf_counter() - start
        print(json.dumps({f"peak_gb_430m_{options.phase}": round(peak, 2), "seconds": round(seconds), "loss": round(loss, 3)}))
        return
    figures = {}
    for phase in PHASES:
        done = subprocess.run([sys.executable, __file__, "--phase", phase], check=True, capture_output=True, text=True)
        print(f"{phase}: {done.stdout.strip()}", flush=True)
        figures |= {key: value for key, value in json.loads(done.stdout).items() if key.startswith("peak")}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
