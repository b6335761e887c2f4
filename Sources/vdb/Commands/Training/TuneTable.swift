import Training
import Tuning

/// A tuning report as a table for people.
struct TuneTable {
    let report: TuneReport

    var text: String {
        var lines = [row(["", "nDCG@10", "change", "steps", "time"])]
        lines.append(row(["before", number(report.before), "", "", ""]))
        for stage in report.stages {
            lines.append(
                row([
                    "after \(stage.stage.rawValue)", number(stage.ndcg),
                    Figures.signed(stage.ndcg - report.before, 4),
                    Figures.grouped(stage.steps), Figures.duration(stage.trainingSeconds),
                ]) + (stage.helps == false ? "  skipped: does not help" : ""))
        }
        let counts = report.queries
        if let search = report.search {
            lines.append(
                "search: \(search.words); hybrid nDCG@10 on the held-out queries "
                    + "\(number(search.before))"
                    + (search.isAdopted ? " to \(number(search.after))" : ""))
        }
        if let hybrid = report.hybrid, !report.stages.isEmpty {
            lines.append(
                "hybrid nDCG@10 on the queries that were not trained on: \(number(hybrid.before)) to "
                    + number(hybrid.after))
        }
        let heldOut =
            "\(counts.heldOutQueries) of \(counts.judgedQueries) judged queries held out, "
        if report.stages.isEmpty, report.search != nil {
            lines.append(heldOut + "\(counts.trainingQueries) fitted to")
        } else {
            lines.append(
                heldOut
                    + (counts.validationQueries.map {
                        $0 > 0 ? "\($0) to choose the stage by, " : ""
                    } ?? "")
                    + "\(counts.trainingQueries) trained on with \(material); better on \(report.test.better), equal on "
                    + "\(report.test.equal), worse on \(report.test.worse) (p \(probability))"
                    + interval)
        }
        lines += report.remarks
        lines.append(
            (report.isReplaced
                ? "\(report.database): encoded with \(report.model)"
                    + (report.kept.map { ", the model after \($0.rawValue)" } ?? "")
                : "\(report.database): keeps \(report.base)")
                + "; \(Figures.duration(report.seconds)) in all")
        return lines.joined(separator: "\n")
    }

    private var material: String {
        report.answers == nil
            ? "\(report.mining.negatives) mined negatives" : "the model's own answers"
    }

    private func row(_ cells: [String]) -> String {
        Columns.left(cells[0], 16)
            + cells.dropFirst().map { Columns.right($0, 10) }.joined()
    }

    private func number(_ value: Double) -> String { Figures.fixed(value, 4) }

    private var interval: String {
        guard let lower = report.test.lower, let upper = report.test.upper else { return "" }
        return "; change \(Figures.signed(report.after - report.before, 4)), 95 % interval "
            + "\(Figures.signed(lower, 4)) to \(Figures.signed(upper, 4))"
    }

    private var probability: String {
        report.test.p < 0.001 ? "below 0.001" : Figures.fixed(report.test.p, 3)
    }
}
