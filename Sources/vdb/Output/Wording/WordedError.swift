/// An error of a library, worded for the command line.
///
/// Libraries state facts: what is wrong and where. The files in this folder add, for each library,
/// the remedy in this program's terms, and the exit status.
protocol WordedError: Error {
    var status: ExitStatus { get }
    /// What is wrong and where.
    var fact: String { get }
    /// What to do; `nil` if the fact implies it or nothing helps.
    var remedy: String? { get }
}

extension WordedError {
    var fact: String { "\(self)" }
    var remedy: String? { nil }

    /// The message on standard error.
    var sentence: String { remedy.map { "\(fact); \($0)" } ?? fact }
}
