import Tuning

extension AnswersFile.Failure: WordedError {
    var status: ExitStatus {
        switch self {
        case .busy: .temporary
        case .moreLines, .otherQuery: .badData
        }
    }

    var fact: String {
        switch self {
        case .busy(let path): "\(path): another process is writing to it"
        case .moreLines(let path): "\(path): has more lines than there are queries"
        case .otherQuery(let path, let line, let id):
            "\(path): line \(line) is not the answer to query '\(id)'"
        }
    }

    var remedy: String? {
        switch self {
        case .busy, .moreLines: nil
        case .otherQuery: "leave --resume out to begin again"
        }
    }
}
