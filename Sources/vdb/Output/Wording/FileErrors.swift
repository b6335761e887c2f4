import FileFormat

extension FileError: WordedError {
    var status: ExitStatus {
        if case .locked = self { return .temporary }
        return .inputOutput
    }

    var remedy: String? {
        switch self {
        case .locked: "try again when it has finished"
        case .truncated: "get the file again"
        case .gitPointer: "fetch the file with 'git lfs pull'"
        default: nil
        }
    }
}

extension ByteStreamError: WordedError {
    var status: ExitStatus { .inputOutput }
}
