"""PyTorch beside `vdb-bench train`: the contrastive stage on one folder, in this machine's same minutes.

usage: train.py VDB-BENCH MODEL DATA.jsonl [--steps 5] [--batch-size 8] [--threads N] [--lora-rank R]

(torch, transformers, and peft for --lora-rank.) Both run the same shapes: PyTorch on random ids in
sequences as long as the mean of ours, without padding, which favours it. Prints tokens a second,
processor seconds a step (which a busy machine disturbs less) and peak resident memory of each.
"""
import argparse, json, os, resource, subprocess, sys, time

p = argparse.ArgumentParser()
p.add_argument("bench"), p.add_argument("model"), p.add_argument("data")
p.add_argument("--steps", type=int, default=5), p.add_argument("--batch-size", type=int, default=8)
p.add_argument("--threads", type=int, default=os.cpu_count()), p.add_argument("--lora-rank", type=int)
p.add_argument("--torch", help=argparse.SUPPRESS)
a = p.parse_args()
LINEAR = "q_proj k_proj v_proj o_proj gate_proj up_proj down_proj".split()


def peer(precision, rows, length):
    import torch, torch.nn.functional as F
    from transformers import AutoModelForCausalLM
    torch.set_num_threads(a.threads)
    model = AutoModelForCausalLM.from_pretrained(a.model, dtype=torch.float32)
    if a.lora_rank:
        from peft import LoraConfig, get_peft_model
        model = get_peft_model(model, LoraConfig(r=a.lora_rank, lora_alpha=2 * a.lora_rank, target_modules=LINEAR))
        inner = model.base_model.model.model
    else:
        inner = model.model
    optimizer = torch.optim.AdamW([q for q in model.parameters() if q.requires_grad], lr=1e-4)
    ids = torch.randint(0, model.config.vocab_size, (rows, length))
    times, used = [], []
    for _ in range(a.steps + 1):
        t, c = time.perf_counter(), time.process_time()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            v = F.normalize(inner(ids, use_cache=False).last_hidden_state[:, -5:].float().mean(1), dim=-1)
            loss = F.cross_entropy(v[: rows // 2] @ v[rows // 2:].T * 50, torch.arange(rows // 2))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        times.append(time.perf_counter() - t), used.append(time.process_time() - c)
    print(json.dumps(dict(tokens_per_second=rows * length / sorted(times[1:])[len(times) // 2 - 1],
                          processor_seconds=min(used[1:]),
                          resident=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)))


if a.torch:
    peer(*(f(x) for f, x in zip((str, int, int), a.torch.split(","))))
    sys.exit()
environment = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
for precision in ("float32", "bfloat16"):
    extra = ["--lora-rank", str(a.lora_rank)] if a.lora_rank else []

    def ours(steps):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        out = subprocess.run([a.bench, "train", "--model", a.model, "--data", a.data, "--stage", "contrast",
                              "--in-batch-negatives", "--steps", str(steps), "--batch-size", str(a.batch_size),
                              "--threads", str(a.threads), "--precision", precision, *extra],
                             check=True, capture_output=True, text=True, env=environment).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return json.loads(out), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    few, used = ours(1)
    many, more = ours(1 + a.steps)
    rows = 2 * a.batch_size
    length = round(many["tokens"] / many["steps"] / rows)
    command = [sys.executable, __file__, a.bench, a.model, a.data, *extra, "--steps", str(a.steps), "--threads",
               str(a.threads), "--torch", f"{precision},{rows},{length}"]
    torch = json.loads(subprocess.run(command, check=True, capture_output=True, text=True,
                                      env=environment).stdout.splitlines()[-1])
    print(f"{precision}: vdb {many['tokens_per_second']:.0f} tokens/s, {(more - used) / a.steps:.2f} processor s a step, "
          f"{many['peak_resident_bytes'] >> 20} MiB; torch {torch['tokens_per_second']:.0f}, "
          f"{torch['processor_seconds']:.2f}, {torch['resident'] >> 20} MiB")
