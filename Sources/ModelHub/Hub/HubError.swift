/// Why a model cannot be downloaded, as facts.
public enum HubError: Error, Equatable, Sendable {
    /// `HF_HUB_OFFLINE` is set.
    case offline(String)
    /// `HF_ENDPOINT` is not an address.
    case badEndpoint(String)
    /// Not what a token can be.
    case badToken(source: String)
    /// Neither libcrypto nor another library that hashes can be opened.
    case noDigests
    case transfer(HTTPError)
    /// A redirect from an encrypted address to one that is not.
    case insecureRedirect(from: String, to: String)
    case tooManyRedirects(url: String)
    /// 401 or 403. `page` is where access is asked for.
    case denied(
        repository: String, status: Int, isGated: Bool, tokenSource: String?, page: String)
    /// 404: what is missing.
    case notFound(Missing, repository: String, endpoint: String)
    /// 429 or 503, and how long the server asks to wait, if it says so.
    case limited(host: String, status: Int, seconds: Int?)
    case status(url: String, Int)
    case badAnswer(url: String, problem: String)
    /// A name that would lead out of the model's folder, or that no folder can hold.
    case hostilePath(repository: String, path: String)
    case tooManyFiles(repository: String, count: Int, limit: Int)
    /// No file that is read here; those that are not, such as pickles, by their names.
    case nothingToLoad(repository: String, found: [String])
    /// Several GGUF models, of which one must be named.
    case severalModels(repository: String, files: [String])
    case noSuchFile(repository: String, file: String)
    /// A file of a kind that is never taken.
    case refusedFile(repository: String, file: String)
    case diskFull(folder: String, needed: Int, available: Int)
    /// The bytes are not those that the hub promised.
    case mismatch(file: String, algorithm: String, expected: String, found: String)
    case wrongSize(file: String, expected: Int, found: Int)
    /// Another process downloads under that name.
    case busy(name: String)

    /// What a 404 is about.
    public enum Missing: String, Sendable { case repository, revision, file }

    /// Whether the same download, begun again later, may succeed.
    public var isTemporary: Bool {
        switch self {
        case .transfer(let error): error.isTemporary
        case .limited, .busy: true
        case .status(_, let status): status >= 500
        default: false
        }
    }
}

extension HubError: CustomStringConvertible {
    /// The fact as one English phrase without a remedy.
    public var description: String {
        switch self {
        case .offline(let given): "\(given): HF_HUB_OFFLINE is set, so nothing is downloaded"
        case .badEndpoint(let given): "HF_ENDPOINT: \(given) is not an http or https address"
        case .badToken(let source):
            "\(source): not a token: it must be one word of printable ASCII"
        case .noDigests: "libcrypto.so.3 cannot be opened"
        case .transfer(let error): error.description
        case .insecureRedirect(let from, let to):
            "\(HTTPError.shown(from)): redirects to \(HTTPError.shown(to)), which is not https"
        case .tooManyRedirects(let url): "\(HTTPError.shown(url)): redirects too often"
        case .denied(let repository, let status, let isGated, let source, _):
            "\(repository): "
                + (isGated ? "is a gated repository" : "is gated, private or not there")
                + " (\(status)); "
                + (source.map { "the token of \($0) has no access to it" } ?? "no token is set")
        case .notFound(let what, let repository, let endpoint):
            switch what {
            case .repository: "\(repository): there is no such repository at \(endpoint)"
            case .revision: "\(repository): there is no such revision at \(endpoint)"
            case .file: "\(repository): there is no such file at \(endpoint)"
            }
        case .limited(let host, let status, let seconds):
            "\(host): takes no more requests now (\(status))"
                + (seconds.map { ", and asks to wait \($0) s" } ?? "")
        case .status(let url, let status): "\(HTTPError.shown(url)): answers with status \(status)"
        case .badAnswer(let url, let problem): "\(HTTPError.shown(url)): \(problem)"
        case .hostilePath(let repository, let path):
            "\(repository): lists the file \"\(path.debugDescription.dropFirst().dropLast())\", "
                + "a name that no model's folder may hold"
        case .tooManyFiles(let repository, let count, let limit):
            "\(repository): lists \(count) files; \(limit) are the limit"
        case .nothingToLoad(let repository, let found):
            "\(repository): has no safetensors and no GGUF file"
                + (found.isEmpty
                    ? "" : ", only what is never loaded here: " + Self.listed(found))
        case .severalModels(let repository, let files):
            "\(repository): has several GGUF models: " + Self.listed(files)
        case .noSuchFile(let repository, let file): "\(repository): has no file \(file)"
        case .refusedFile(let repository, let file):
            "\(repository): \(file) is not a GGUF or safetensors file"
        case .diskFull(let folder, let needed, let available):
            "\(folder): \(needed) bytes are needed and \(available) are free"
        case .mismatch(let file, let algorithm, let expected, let found):
            "\(file): its \(algorithm) is \(found), but the hub says \(expected)"
        case .wrongSize(let file, let expected, let found):
            "\(file): is \(found) bytes long, but the hub says \(expected)"
        case .busy(let name): "\(name): another process is downloading it"
        }
    }

    private static func listed(_ names: [String]) -> String {
        let shown = names.prefix(8).joined(separator: ", ")
        return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
    }
}
