import DocumentStore

/// Verifies a database and its caches, and makes damaged caches anew.
struct Checker {
    let database: Database

    func check() throws -> CheckReport {
        var report = CheckReport()
        for finding in try database.store.check() {
            let place = finding.collection.map { "collection '\($0)': " } ?? ""
            report.findings.append(
                CheckReport.Finding(
                    isFault: true, subject: database.path, message: place + finding.detail,
                    remedy: finding.isDerived ? Self.derivedRemedy : nil))
        }
        // Caches are compared with the database, which says nothing where that is damaged.
        guard report.isSound else { return report }
        for record in try database.store.collections() {
            let index = database.collection(record.name).index
            var words = LexicalChecker(
                record: record, files: index.lexicon.files, store: database.store,
                policy: index.policy)
            try words.check()
            report.findings += words.findings
            guard record.dimensions > 0 else { continue }
            var checker = CacheChecker(
                record: record, files: index.files, store: database.store, policy: index.policy,
                threads: index.threads)
            try checker.check()
            report.findings += checker.findings
            report.sampledRecall[record.name] = checker.sampledRecall
        }
        return report
    }

    private static let derivedRemedy = "--repair makes it anew from the passages"

    /// Makes the caches of every collection with findings anew, and checks again.
    func repair(_ report: CheckReport) throws -> CheckReport {
        // A damaged database must not be spread into its caches.
        let faults = report.findings.filter { $0.isFault && $0.subject == database.path }
        guard faults.allSatisfy({ $0.remedy == Self.derivedRemedy }) else { return report }
        if !faults.isEmpty {
            for record in try database.store.collections() {
                try database.store.rebuildDerived(of: record)
            }
        }
        for record in try database.store.collections() {
            let collection = database.collection(record.name)
            let (files, words) = (collection.index.files, collection.index.lexicon.files)
            func concerns(_ paths: [String]) -> Bool {
                report.findings.contains { paths.contains($0.subject) }
            }
            collection.release()
            if concerns([words.main, words.recent]) {
                try collection.index.lexicon.writer(for: record).update(.rebuild)
            }
            if concerns([files.graph, files.flat]) { try collection.maintain(record, .rebuild) }
        }
        var repaired = try check()
        repaired.findings += report.findings.filter { $0.isFault }.map { finding in
            CheckReport.Finding(
                isFault: false, subject: finding.subject,
                message: "was damaged (\(finding.message)) and has been made anew")
        }
        return repaired
    }
}
