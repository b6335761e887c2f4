/// An error of a library as the command line tells it.
///
/// Libraries state facts: what is wrong and where. The files beside this one add, for each library,
/// what to do about them, in this program's words, and the exit status.
protocol WordedError: Error {
    var status: ExitStatus { get }
    /// What is wrong and where.
    var fact: String { get }
    /// What to do; `nil` if the fact says it, or nothing helps.
    var remedy: String? { get }
}

extension WordedError {
    var fact: String { "\(self)" }
    var remedy: String? { nil }

    /// The message on standard error.
    var sentence: String { remedy.map { "\(fact); \($0)" } ?? fact }
}
