"""Kills `vdb train` at random moments, resumes it, and compares its end with an uninterrupted run's.

usage: kill_train.py VDB [ROUNDS]      (run by hand, with a release build; no package is needed)

Every stage, full and LoRA, with accumulation, dropout, bfloat16 and evaluation. Each round kills
(SIGKILL) the same command, which has --resume, until it comes to its end; then every file of its
folder and every loss of its log must be those of the run that nobody disturbed.
"""
import filecmp, json, os, random, signal, subprocess, sys, tempfile, time

vdb, here = os.path.abspath(sys.argv[1]), os.path.dirname(os.path.abspath(__file__))
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
random.seed(int(os.environ.get("SEED", "1")))
WORDS = "the wing of a plane lifts it when air flows faster above than below".split()
sentence = lambda n: " ".join(random.choice(WORDS) for _ in range(n))
tmp = tempfile.mkdtemp()


def dump(name, rows):
    with open(os.path.join(tmp, name), "w") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return os.path.join(tmp, name)


pairs = dump("pairs.jsonl", [dict(query=sentence(4), pos=[sentence(8), sentence(5)],
                                  neg=[sentence(8) for _ in range(3)]) for _ in range(200)])
texts = dump("texts.jsonl", [dict(text=sentence(random.randint(1, 120))) for _ in range(120)])
instructions = dump("ic.jsonl", [dict(context=sentence(9), instruction="Summarise.",
                                      output=sentence(5)) for _ in range(200)])
judged = os.path.join(tmp, "judged")
os.makedirs(os.path.join(judged, "qrels"))
dump("judged/corpus.jsonl", [dict(_id=f"d{i}", text=sentence(6)) for i in range(40)])
dump("judged/queries.jsonl", [dict(_id=f"q{i}", text=sentence(3)) for i in range(5)])
with open(os.path.join(judged, "qrels/test.tsv"), "w") as file:
    file.writelines(f"q{i}\td{i * 3}\t1\n" for i in range(5))

CASES = {
    "pretrain": ["pretrain", "--data", texts, "--max-length", "12"],
    "compress, accumulated": ["compress", "--data", instructions, "--micro-batch-size", "3"],
    "compress, bfloat16": ["compress", "--data", instructions, "--precision", "bfloat16"],
    "compress, LoRA": ["compress", "--data", instructions, "--lora-rank", "4"],
    "align": ["align", "--data", pairs, "--negatives", "2"],
    "align, LoRA, bfloat16": ["align", "--data", pairs, "--lora-rank", "4", "--lora-dropout", "0.1",
                              "--precision", "bfloat16", "--strategy", "3"],
    "contrast, measured": ["contrast", "--data", pairs, "--eval", judged, "--eval-steps", "7"],
    "contrast, cached": ["contrast", "--data", pairs, "--in-batch-negatives",
                         "--micro-batch-size", "2", "--lora-rank", "4", "--lora-dropout", "0.2"],
}


def command(case, out):
    return [vdb, "train", *case, "--model", os.path.join(here, "tiny"), "--out", out, "--log",
            out + ".jsonl", "--batch-size", "8", "--max-steps", "60", "--learning-rate", "1e-3",
            "--save-steps", "4", "--quiet"]


def losses(out):
    rows = [json.loads(line) for line in open(out + ".jsonl")]
    return [(r["step"], r["loss"], r["grad_norm"], r.get("ndcg_cut_10")) for r in rows]


bad = 0
for name, case in CASES.items():
    whole = os.path.join(tmp, name.replace(", ", "-"))
    start = time.time()
    subprocess.run(command(case, whole), check=True)
    duration = time.time() - start
    kills = 0
    for number in range(rounds):
        out = f"{whole}-{number}"
        while True:
            process = subprocess.Popen(command(case, out) + ["--resume"])
            try:
                code = process.wait(timeout=random.uniform(0.02, duration * 0.8))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                code = process.wait()
            if code == 0:
                break
            assert code == -signal.SIGKILL, f"{name}: exit {code}"
            kills += 1
        names = sorted(os.listdir(whole))
        same = (names == sorted(os.listdir(out)) and losses(whole) == losses(out)
                and filecmp.cmpfiles(whole, out, names, shallow=False)[0] == names)
        bad += not same
        if not same:
            print(f"{name}: round {number} ends otherwise: {out}")
    print(f"{name}: {rounds} rounds, {kills} kills, {duration:.2f} s undisturbed")
sys.exit(bad > 0)
