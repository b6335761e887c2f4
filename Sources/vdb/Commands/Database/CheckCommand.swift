import ArgumentParser
import Foundation
import JSON
import VectorDatabase

/// `vdb check`: verifies the database and its caches.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verify the database, the index against it, and all checksums.",
        discussion: """
            Example:
              vdb check --repair

            The exit status is 0 if everything is sound, else 65. A missing or lagging index is sound: \
            it is rebuilt from the database.
            """)

    @Flag(help: "Rebuild damaged caches and derived data.")
    var repair = false

    @Option(help: "How findings are printed.")
    var format = AnswerFormat.table

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var lock: LockArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        if repair { Interruption.finishesCleanly() }
        let database = try arguments.open(repair ? .readWrite : .readOnly, general, lock)
        defer { try? database.close() }
        let report = try await database.check(repairing: repair)
        switch format {
        case .json: json(report).print()
        case .table: show(report)
        }
        if !report.isSound { throw ExitCode(ExitStatus.badData.rawValue) }
    }

    private func json(_ report: CheckReport) -> JSONWriter {
        var line = JSONWriter()
        line.set("sound", .bool(report.isSound))
        line.set(
            "findings",
            report.findings.map { finding in
                var line = JSONWriter()
                line.set("fault", .bool(finding.isFault))
                line.set("subject", finding.subject)
                line.set("message", finding.sentence)
                line.set("remedy", finding.remedySentence)
                return line
            })
        line.set(
            "sampled_recall",
            .object(
                JSONObject(
                    report.sampledRecall.sorted { $0.key < $1.key }
                        .map { ($0.key.text, .number($0.value)) })))
        return line
    }

    private func show(_ report: CheckReport) {
        for finding in report.findings {
            let remedy = finding.remedySentence.map { "; \($0)" } ?? ""
            let kind = finding.isFault ? "fault" : "note"
            Output.line("\(kind): \(finding.subject): \(finding.sentence)\(remedy)")
        }
        for (name, recall) in report.sampledRecall.sorted(by: { $0.key < $1.key }) {
            Output.line(
                "collection '\(name)': the index finds \(percent(recall)) of the nearest vectors")
        }
        Output.line(report.isSound ? "\(arguments.path): sound" : "\(arguments.path): damaged")
    }

    private func percent(_ share: Double) -> String { Figures.fixed(share * 100, 1) + " %" }
}

extension CheckReport.Finding {
    fileprivate var sentence: String {
        severity == .repaired ? "was damaged (\(message)) and has been rebuilt" : message
    }

    fileprivate var remedySentence: String? {
        switch remedy {
        case .rewriteCache: "the next writer rebuilds it, as does --repair"
        case .deriveAgain: "--repair rebuilds it from the passages"
        case .replaceDocument: "restore a backup, or delete its document and ingest it again"
        case nil: nil
        }
    }
}
