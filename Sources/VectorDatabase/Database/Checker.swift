import DocumentStore

struct Checker {
    let database: Database
    func check() throws -> CheckReport { CheckReport() }
    func repair(_ report: CheckReport) async throws -> CheckReport { report }
}
