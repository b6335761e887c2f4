import ModelHub

extension ModelLocationError: WordedError {
    var status: ExitStatus {
        switch self {
        case .missing: .missing
        case .badReference: .usage
        case .notFetched, .notInCache, .noStore: .unavailable
        case .badManifest, .severalFiles: .badData
        }
    }

    var remedy: String? {
        switch self {
        case .missing(_, let isName):
            isName
                ? "pass a folder, a .gguf file or the name of a model in the store"
                : "check the path"
        case .notFetched(let model):
            "'vdb model add \(model.name)' fetches it"
                + (model.otherSource.map { ", or '\($0)'" } ?? "")
        case .notInCache(let given, _):
            given.hasPrefix("ollama:")
                ? "'ollama pull' fetches it"
                : "'vdb model add \(given)' fetches it"
        case .badReference: nil
        case .noStore: "set HOME"
        case .badManifest: nil
        case .severalFiles: "pass one of the files"
        }
    }
}

extension ModelStoreError: WordedError {
    var status: ExitStatus {
        switch self {
        case .badName: .usage
        case .taken: .cannotCreate
        case .missing: .missing
        }
    }

    var remedy: String? {
        switch self {
        case .badName: "choose another with --name"
        case .taken: "choose another with --name, or remove that one with 'vdb model remove'"
        case .missing: "'vdb model list' lists them"
        }
    }
}
