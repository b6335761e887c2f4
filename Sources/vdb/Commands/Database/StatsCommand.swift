import ArgumentParser
import Foundation
import JSON
import Storage
import TextBytes
import VectorDatabase

/// `vdb stats`: the contents of a database and how they are stored.
struct StatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Show counts, model, index and size by part.",
        discussion: """
            Example:
              vdb stats --db notes.vdb --format json
            """)

    @Option(help: "The output format.")
    var format = AnswerFormat.table

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var reader: ReaderArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let database = try arguments.open(reader, threads: general.threads)
        defer { try? database.close() }
        let names = try database.collectionNames()
        guard names.contains(where: { $0.hasSameBytes(as: arguments.collection) }) || !names.isEmpty
        else {
            return showEmpty(try database.bytesByPart())
        }
        let collection = database.collection(arguments.collection)
        let statistics = try collection.statistics()
        let jobs = try collection.jobs()
        switch format {
        case .json:
            var line = statistics.json(database: arguments.path, collections: names)
            if !jobs.isEmpty { line.set("jobs", jobs.map(\.json)) }
            line.print()
        case .table: show(statistics, names, jobs)
        }
    }

    /// A database without any commit.
    private func showEmpty(_ bytes: [PartBytes]) {
        guard format == .json else {
            return Output.line("\(arguments.path) is an empty database")
        }
        var line = JSONWriter()
        line.set("db", arguments.path)
        line.set("collection", arguments.collection)
        line.set("collections", .array([]))
        line.set("documents", 0)
        line.set("passages", 0)
        line.set("dimensions", 0)
        line.set("model", .null)
        line.set("bytes", bytes.json)
        line.print()
    }

    /// The settings, and whether the weight is of another model.
    private static func words(_ search: SearchSettings, model: EmbedderIdentity?) -> String {
        var words = "k1 \(Figures.short(search.k1)), b \(Figures.short(search.b))"
        if let weight = search.denseWeight {
            words += ", hybrid weight \(Figures.short(weight))"
            if let fitted = search.modelFingerprint, fitted != model?.fingerprint {
                words += " (of another model, not used)"
            }
        }
        return words
    }

    private func show(
        _ statistics: CollectionStatistics, _ names: [String], _ jobs: [WorkStatus]
    ) {
        var rows: [(name: String, value: String)] = [
            ("database", arguments.path),
            (
                "collection",
                statistics.name + (names.count > 1 ? " (of \(names.joined(separator: ", ")))" : "")
            ),
            ("documents", Figures.grouped(statistics.documents)),
            ("passages", Figures.grouped(statistics.passages)),
            ("dimensions", "\(statistics.dimensions), \(statistics.vectorType)"),
            ("metric", statistics.metric.rawValue),
        ]
        if let model = statistics.model {
            rows.append(("model", "\(model.name), \(model.path ?? "built in")"))
            rows.append(("fingerprint", model.fingerprint))
        } else {
            rows.append(("model", "none: the vectors were ready-made"))
        }
        let index = statistics.index
        rows.append(
            (
                "index",
                "\(index.state.rawValue), m \(index.options.m), ef-construction "
                    + "\(index.options.efConstruction), quantization "
                    + index.options.quantization.rawValue
                    + (index.hasNeighborCodes ? ", with neighbor codes" : "")
            ))
        rows.append(
            (
                "index rows",
                "\(Figures.grouped(index.graphRows)) in the graph, "
                    + "\(Figures.grouped(index.tailRows)) not yet in it, "
                    + "\(Figures.grouped(index.deletedRows)) deleted"
            ))
        if let search = statistics.search {
            rows.append(("search", Self.words(search, model: statistics.model)))
        }
        if !statistics.indexedFields.isEmpty {
            rows.append(("indexed fields", statistics.indexedFields.joined(separator: ", ")))
        }
        for job in jobs { rows.append(("job \(job.job)", job.words)) }
        for part in statistics.bytes {
            rows.append((part.part.replacing("_", with: " "), Figures.size(part.bytes)))
        }
        rows.append(("total", Figures.size(statistics.bytes.reduce(0) { $0 + $1.bytes })))
        for line in Columns.facts(rows) { Output.line(line) }
    }
}
