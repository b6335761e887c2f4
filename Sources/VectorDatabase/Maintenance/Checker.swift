import Storage
import TextBytes

/// Verifies a database and its caches, and rewrites damaged caches.
struct Checker {
    let database: Database

    func check() throws -> CheckReport {
        var report = CheckReport()
        for finding in try database.store.check() {
            let place = finding.collection.map { "collection '\($0)': " } ?? ""
            report.findings.append(
                CheckReport.Finding(
                    .fault, subject: database.path, message: place + finding.detail,
                    remedy: finding.isDerived ? .deriveAgain : nil))
        }
        report.findings += try database.store.remarks().map {
            CheckReport.Finding(.remark, subject: database.path, message: $0)
        }
        // Comparing caches with a damaged database would prove nothing.
        guard report.isSound else { return report }
        for record in try database.store.collections() {
            let (findings, recall) = try database.collection(record.name).index.check(record)
            report.findings += findings
            report.sampledRecall[Identifier(record.name)] = recall
        }
        return report
    }

    /// Rewrites the caches that have findings, and checks once more.
    func repair(_ report: CheckReport) throws -> CheckReport {
        // Do not copy damage from the database into its caches.
        let faults = report.findings.filter { $0.isFault && $0.subject == database.path }
        guard faults.allSatisfy({ $0.remedy == .deriveAgain }) else { return report }
        if !faults.isEmpty {
            for record in try database.store.collections() {
                try database.store.rebuildDerived(of: record)
            }
        }
        for record in try database.store.collections() {
            try database.collection(record.name).index.repair(report.findings, of: record)
        }
        var repaired = try check()
        repaired.findings += report.findings.filter(\.isFault).map { finding in
            CheckReport.Finding(.repaired, subject: finding.subject, message: finding.message)
        }
        return repaired
    }
}
