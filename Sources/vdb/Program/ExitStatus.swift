/// The program's exit statuses, after sysexits.h.
enum ExitStatus: Int32 {
    case done = 0
    case usage = 64
    case badData = 65
    /// A file or document does not exist.
    case missing = 66
    case unavailable = 69
    case cannotCreate = 73
    case inputOutput = 74
    /// A retry may succeed.
    case temporary = 75
    case interrupted = 130
}

/// Why a command failed: an exit status and one sentence.
struct CommandFailure: Error {
    let status: ExitStatus
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// An id that cannot be written in a TREC run.
    static func unwritableID(_ id: String) -> CommandFailure {
        CommandFailure(
            .badData,
            "the id '\(id)' is empty or has white space, which a TREC run cannot have; pass "
                + "--escape-ids")
    }

    /// The message of any error.
    static func message(of error: any Error) -> String {
        CommandFailure(error)?.message ?? "\(error)"
    }

    /// The failure for an error; `nil` for one of the argument parser.
    init?(_ error: any Error) {
        switch error {
        case let error as CommandFailure: self = error
        case is CancellationError:
            self.init(.interrupted, "interrupted; what was acknowledged is stored")
        case let error as any WordedError: self.init(error.status, error.sentence)
        default: return nil
        }
    }
}
