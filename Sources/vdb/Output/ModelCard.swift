import Foundation
import Tuning

/// The model card of a tuned model: Markdown that describes the run, written next to the model.
struct ModelCard {
    let report: TuneReport
    let options: TuneOptions

    static let name = "MODEL_CARD.md"
    static let chartName = "loss.svg"

    var markdown: String {
        [
            head, table, "![Training loss of each stage](\(Self.chartName))", data, training,
            use,
        ]
        .joined(separator: "\n\n") + "\n"
    }

    private var head: String {
        """
        # \(URL(filePath: report.model).lastPathComponent)

        An embedder for retrieval trained with \(method): \
        `\(report.base)`, tuned by `vdb tune` on the judged queries of one collection, \
        \(report.began.formatted(.iso8601.year().month().day())).
        """
    }

    private var method: String {
        report.answers == nil
            ? "AutoRegEmbed (Deng et al., EMNLP 2025)"
            : "LLM2Vec-Gen (BehnamGhader et al. 2026)"
    }

    private var table: String {
        var lines = [
            "nDCG@10 of dense retrieval over \(report.documents) documents, for "
                + "\(report.queries.heldOutQueries) judged queries that were not trained on:",
            "", "| model | nDCG@10 | change | training | steps | loss |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
            "| before (`\(report.base)`) | \(Figures.fixed(report.before, 4)) | | | | |",
        ]
        for stage in report.stages {
            let losses = stage.firstLoss.flatMap { first in
                stage.lastLoss.map { String(format: "%.4g to %.4g", first, $0) }
            }
            lines.append(
                "| after \(stage.stage.rawValue) | \(Figures.fixed(stage.ndcg, 4)) | "
                    + "\(Figures.signed(stage.ndcg - report.before, 4)) | "
                    + "\(Self.duration(stage.trainingSeconds)) | \(stage.steps) | "
                    + "\(losses ?? "") |")
        }
        lines += [
            "",
            "Better on \(report.test.better) queries, equal on \(report.test.equal), worse on "
                + "\(report.test.worse); two-sided p of the paired randomization test: "
                + "\(Self.probability(report.test.p))"
                + (report.test.lower.flatMap { lower in
                    report.test.upper.map { upper in
                        "; 95 % interval of the change (paired bootstrap): "
                            + "\(Figures.signed(lower, 4)) to \(Figures.signed(upper, 4))"
                    }
                } ?? "") + ".",
            report.hybrid.map {
                "Hybrid search, all queries that were not trained on: \(Figures.fixed($0.before, 4)) "
                    + "before, \(Figures.fixed($0.after, 4)) after."
            } ?? "",
            (report.kept.map {
                "This is the model after \($0.rawValue), the best on "
                    + ((report.queries.validationQueries ?? 0) > 0
                        ? "\(report.queries.validationQueries ?? 0) other queries that were not "
                            + "trained on. " : "these queries. ")
            }
                ?? "")
                + (report.isReplaced
                    ? "The collection was re-encoded with it."
                    : "The collection keeps its old model, as this one is "
                        + (report.fallsInHybridSearch
                            ? "worse in hybrid search." : "not better there.")),
        ]
        return lines.joined(separator: "\n")
    }

    private var data: String {
        let counts = report.queries
        var lines = [
            "## Data", "",
            "- \(counts.judgedQueries) judged queries: \(counts.trainingQueries) to train on, "
                + "\(counts.heldOutQueries) held out (seed \(options.seed)).",
            report.answers.map {
                "- \($0.rows) training queries with what the old model answers; teacher: "
                    + "`\(options.teacher ?? "")`."
            }
                ?? "- \(report.mining.rows) rows of a query, a positive and hard negatives, "
                + "\(report.mining.negatives) of these mined by the old model at ranks "
                + "\(report.mining.fromRank ?? options.mining.fromRank) to "
                + "\(report.mining.toRank ?? options.mining.toRank).",
        ]
        lines += report.remarks.map { "- \($0)." }
        return lines.joined(separator: "\n")
    }

    private var training: String {
        var lines = [
            "## Training", "", "| stage | rows | batch | learning rate | tokens |",
            "| --- | ---: | ---: | ---: | ---: |",
        ]
        for stage in report.stages {
            lines.append(
                "| \(stage.stage.rawValue) | \(stage.rows) | \(stage.batchSize) | "
                    + "\(String(format: "%.3g", stage.learningRate)) | \(stage.tokens) |")
        }
        let adapter = options.adapterRank.map { "a LoRA adapter of rank \($0)" }
        let (schedule, trained) =
            report.answers == nil
            ? ("cosine schedule with 5 % warm-up", adapter ?? "all weights")
            : (
                "linear schedule with 2 % warm-up",
                "compressed tokens, projections" + (adapter.map { " and " + $0 } ?? "")
            )
        lines += ["", "AdamW, \(schedule), gradients clipped to norm 1; trained: \(trained)."]
        return lines.joined(separator: "\n")
    }

    private var use: String {
        """
        ## Use

            vdb ingest documents.jsonl --model this-folder

        The folder also loads in transformers as a causal language model. `autoregembed.json` \
        describes how texts become vectors. Fingerprint in vdb: `\(report.fingerprint)`.
        """
    }

    static func probability(_ p: Double) -> String {
        p < 0.001 ? "< 0.001" : Figures.fixed(p, 3)
    }

    private static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded())
        if whole < 120 { return "\(whole) s" }
        if whole < 7200 { return "\((whole + 30) / 60) min" }
        return Figures.fixed(seconds / 3600, 1) + " h"
    }
}
