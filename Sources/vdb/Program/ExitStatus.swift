/// What the program tells the shell, after sysexits.h.
enum ExitStatus: Int32 {
    case done = 0
    case usage = 64
    case badData = 65
    /// A file or document is not there.
    case missing = 66
    case unavailable = 69
    case cannotCreate = 73
    case inputOutput = 74
    /// Trying again may work.
    case temporary = 75
    case interrupted = 130
}

/// Why a command ends without having done what it should: a status and one sentence.
struct CommandFailure: Error {
    let status: ExitStatus
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// An id that a TREC run cannot hold.
    static func unwritableID(_ id: String) -> CommandFailure {
        CommandFailure(
            .badData,
            "the id '\(id)' has white space or is empty, which a TREC run cannot hold; pass "
                + "--escape-ids")
    }

    /// What went wrong, whatever the error.
    static func message(of error: any Error) -> String {
        CommandFailure(error)?.message ?? "\(error)"
    }

    /// What an error means to the shell; `nil` for one of the argument parser's.
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
