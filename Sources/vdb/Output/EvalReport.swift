import Evaluation
import Foundation
import JSON

/// Measurements as text: a table for a terminal, JSON for scripts, Markdown for a model card.
struct EvalReport {
    /// Labels of the evaluation, such as `dataset`, `split` and `run`, in the order shown.
    let labels: [(key: String, value: String)]
    let measurements: Measurements
    let perQuery: Bool

    /// Warns on standard error if the figures are probably too low by mistake.
    static func warn(of measurements: Measurements, run: String, judgments: String) {
        let (answered, judged) = (measurements.answeredQueries, measurements.queries.count)
        if answered == 0 {
            Messages.error(
                "\(run): answers none of the \(judged) queries judged in \(judgments), so every "
                    + "measure is 0; check that both belong to the same collection and use the same "
                    + "ids")
        }
    }

    func text(_ format: EvalFormat) throws -> String {
        switch format {
        case .table: return table
        case .json: return try json
        case .markdown: return markdown
        }
    }

    private var rows: [(name: String, values: [Double])] {
        let queries =
            perQuery
            ? measurements.queries.enumerated().map { place, query in
                (query.text, measurements.values.map { $0[place] })
            } : []
        return queries + [("all \(measurements.queries.count)", measurements.means)]
    }

    private var table: String {
        var lines = labels.map { "\($0.key): \($0.value)" }
        if perQuery {
            let names = measurements.measures.map(\.name)
            let width = rows.map(\.name.count).max() ?? 0
            lines.append(
                ([Columns.left("query", width)] + names.map { Columns.right($0, 11) })
                    .joined())
            for row in rows {
                let cells = row.values.map { Columns.right(Figures.fixed($0, 4), 11) }
                lines.append(([Columns.left(row.name, width)] + cells).joined())
            }
        } else {
            lines.append("queries: \(measurements.queries.count)")
            for (measure, mean) in zip(measurements.measures, measurements.means) {
                lines.append(
                    Columns.left(measure.name, 12)
                        + Columns.right(Figures.fixed(mean, 4), 7))
            }
        }
        return lines.joined(separator: "\n")
    }

    private var markdown: String {
        let names = measurements.measures.map(\.name)
        var lines = [
            "| \((labels.map(\.key) + [perQuery ? "query" : "queries"] + names).joined(separator: " | ")) |",
            "|\(String(repeating: " --- |", count: labels.count + 1))\(String(repeating: " ---: |", count: names.count))",
        ]
        for row in rows {
            let cells = row.values.map { Figures.fixed($0, 4) }
            let name = perQuery ? row.name : String(measurements.queries.count)
            lines.append("| \((labels.map(\.value) + [name] + cells).joined(separator: " | ")) |")
        }
        return lines.joined(separator: "\n")
    }

    private var json: String {
        get throws {
            let keys = measurements.measures.map(\.key)
            var object = JSONObject()
            for label in labels { object[label.key] = .string(label.value) }
            object["queries"] = .init(measurements.queries.count)
            for (key, mean) in zip(keys, measurements.means) { object[key] = .number(mean) }
            if perQuery {
                object["per_query"] = .array(
                    measurements.queries.enumerated().map { place, query in
                        var row: JSONObject = ["query_id": .string(query.text)]
                        for (measure, key) in keys.enumerated() {
                            row[key] = .number(measurements.values[measure][place])
                        }
                        return .object(row)
                    })
            }
            return JSONValue.object(object).jsonText
        }
    }
}
