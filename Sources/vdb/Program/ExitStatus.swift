import AutoRegEmbed
import Evaluation
import Foundation
import Tokenization
import VectorDatabase

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

    init(_ kind: DatabaseError.Kind) {
        self =
            switch kind {
            case .usage: .usage
            case .badData: .badData
            case .missing: .missing
            case .unavailable: .unavailable
            case .cannotCreate: .cannotCreate
            case .inputOutput: .inputOutput
            case .temporary: .temporary
            }
    }
}

/// Why a command ends without having done what it should: a status and one sentence.
struct CommandFailure: Error {
    let status: ExitStatus
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// What an error of the libraries means to the shell; `nil` for one of the argument parser's.
    init?(_ error: any Error) {
        switch error {
        case let error as CommandFailure: self = error
        case is CancellationError:
            self.init(.interrupted, "interrupted; what was acknowledged is stored")
        case let error as DatabaseError: self.init(ExitStatus(error.kind), error.description)
        case let error as SourceError: self.init(ExitStatus(error.kind), error.description)
        case let error as FilterError: self.init(.usage, error.description)
        case let error as TokenizerError:
            if case .unreadable = error {
                self.init(.missing, error.description)
            } else {
                self.init(.badData, error.description)
            }
        case let error as AutoRegEmbedError: self.init(.badData, error.description)
        case let error as EvaluationError:
            switch error {
            case .missing, .noSuchSplit: self.init(.missing, error.description)
            case .unreadable: self.init(.inputOutput, error.description)
            default: self.init(.badData, error.description)
            }
        default: return nil
        }
    }
}
