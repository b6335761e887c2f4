import Foundation

/// The hub's requests: redirects are followed one by one, with the token only where it belongs, and
/// what fails for the moment is tried again.
final class HubClient {
    let settings: HubSettings
    private let repository: String
    private let http: HTTPClient
    /// Waits; tests put something faster here.
    private let pause: (Double) -> Void

    /// As the hub's own programs.
    private static let maximumRedirects = 10
    /// Of a listing, which takes some hundred bytes a file.
    private static let maximumAnswer = 32 << 20
    /// Between tries, in seconds; progress begins the series again.
    private static let pauses = [0.5, 1, 2, 4, 8]
    /// A server that asks to wait longer is not waited for.
    private static let longestWait = 300

    init(
        _ settings: HubSettings, repository: String, pause: @escaping (Double) -> Void
    ) throws(HubError) {
        self.settings = settings
        self.repository = repository
        self.pause = pause
        do {
            http = try HTTPClient(
                userAgent: settings.userAgent, certificates: settings.certificates,
                stallSeconds: settings.stallSeconds)
        } catch { throw .transfer(error) }
    }

    // MARK: What is asked for

    /// What the repository holds.
    func listing(revision: String) throws -> HubListing {
        let url =
            "\(settings.endpoint)/api/models/\(repository)/revision/\(Self.encoded(revision))"
        var bytes: [UInt8] = []
        try retrying { _ in
            bytes = []
            _ = try follow(url + "?blobs=true", what: .revision) { _, piece in
                guard bytes.count + piece.count <= Self.maximumAnswer else {
                    throw HubError.badAnswer(
                        url: url, problem: "the answer is longer than \(Self.maximumAnswer) bytes")
                }
                bytes.append(contentsOf: piece)
            }
        }
        return try HubListing(bytes, repository: repository, url: url)
    }

    /// Size and hash of a file of which the listing does not say both.
    func facts(of file: HubFile, revision: String) throws -> HubFile {
        var file = file
        do {
            try retrying { _ in
                let answer = try follow(
                    address(of: file.path, revision: revision), withoutBody: true, what: .file)
                file.size =
                    file.size ?? answer.linked.size ?? answer.response.byteCount("content-length")
                file.sha256 = file.sha256 ?? answer.linked.sha256
            }
        } catch HubError.status(_, 400..<500), HubError.status(_, 501) {
            // A mirror without HEAD. The answer to GET says the same.
        }
        return file
    }

    /// A file's content from `offset` on; the answer says whether it really begins there.
    ///
    /// - Parameter body: gets pieces of an answer of status 200 or 206 only.
    func content(
        of file: HubFile, revision: String, headers: [(name: String, value: String)],
        body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void
    ) throws -> Answer {
        try follow(
            address(of: file.path, revision: revision), headers: headers, what: .file, body: body)
    }

    private func address(of path: String, revision: String) -> String {
        let path = path.split(separator: "/").map { Self.encoded(String($0)) }
        return "\(settings.endpoint)/\(repository)/resolve/\(Self.encoded(revision))/"
            + path.joined(separator: "/")
    }

    /// RFC 3986, section 2.3: all but unreserved characters become `%XX`, a slash, too.
    static func encoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                out += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return out
    }

    // MARK: Redirects

    /// What the hub says of a file in large file storage before it redirects there.
    struct Linked {
        var size: Int?
        var sha256: String?
    }

    struct Answer {
        let response: HTTPResponse
        let linked: Linked
    }

    private func follow(
        _ start: String, headers: [(name: String, value: String)] = [], withoutBody: Bool = false,
        what: HubError.Missing,
        body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void = { _, _ in }
    ) throws -> Answer {
        var url = start
        var linked = Linked()
        for _ in 0...Self.maximumRedirects {
            let response = try send(url, headers, withoutBody, body)
            if WebOrigin(url) == settings.origin {
                linked.size = response.byteCount("x-linked-size") ?? linked.size
                linked.sha256 = Self.hash(response["x-linked-etag"]) ?? linked.sha256
            }
            switch response.status {
            case 200, 206: return Answer(response: response, linked: linked)
            case 301, 302, 303, 307, 308:
                guard let location = response.location else {
                    throw HubError.badAnswer(url: url, problem: "redirects to nowhere")
                }
                // The hub's answer to a question about a large file: nothing else is wanted.
                if withoutBody, linked.size != nil, linked.sha256 != nil {
                    return Answer(response: response, linked: linked)
                }
                guard settings.allowsRedirect(to: location) else {
                    throw HubError.insecureRedirect(from: url, to: location)
                }
                url = location
            case 416: return Answer(response: response, linked: linked)
            default: throw failure(response, url, what)
            }
        }
        throw HubError.tooManyRedirects(url: start)
    }

    private func send(
        _ url: String, _ headers: [(name: String, value: String)], _ withoutBody: Bool,
        _ body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void
    ) throws -> HTTPResponse {
        var headers = headers
        if let token = settings.token, settings.sendsToken(to: url) {
            headers.append(("Authorization", "Bearer \(token)"))
        }
        // The text of an error or a redirect is not read, and does not go on for ever.
        var unread = 0
        do {
            return try http.send(url, headers: headers, withoutBody: withoutBody) {
                response, piece in
                if response.status == 200 || response.status == 206 {
                    return try body(response, piece)
                }
                unread += piece.count
                guard unread <= 1 << 20 else {
                    throw HubError.badAnswer(
                        url: url, problem: "an error's text of more than 1 MiB")
                }
            }
        } catch let error as HTTPError { throw HubError.transfer(error) }
    }

    /// The SHA-256 in an `x-linked-etag`.
    private static func hash(_ tag: String?) -> String? {
        guard var tag = tag.map({ $0[...] }) else { return nil }
        if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
        if tag.hasPrefix("\""), tag.hasSuffix("\""), tag.count >= 2 {
            tag = tag.dropFirst().dropLast()
        }
        return HubFile.isHexadecimal(String(tag), count: 64) ? tag.lowercased() : nil
    }

    private func failure(
        _ response: HTTPResponse, _ url: String, _ what: HubError.Missing
    ) -> HubError {
        let code = response["x-error-code"] ?? ""
        let isOurs = WebOrigin(url) == settings.origin
        switch response.status {
        case 401 where isOurs, 403 where isOurs:
            if code == "RepoNotFound", settings.token != nil {
                return .notFound(
                    .repository, repository: repository, endpoint: settings.endpoint)
            }
            return .denied(
                repository: repository, status: response.status, isGated: code == "GatedRepo",
                tokenSource: settings.sendsToken(to: url) && settings.token != nil
                    ? settings.tokenSource ?? "the settings" : nil,
                page: "\(settings.endpoint)/\(repository)")
        case 404:
            let missing: HubError.Missing =
                switch code {
                case "RepoNotFound": .repository
                case "RevisionNotFound": .revision
                case "EntryNotFound": .file
                default: what == .revision ? .repository : what
                }
            return .notFound(missing, repository: repository, endpoint: settings.endpoint)
        case 429, 503:
            return .limited(
                host: WebOrigin(url)?.host ?? url, status: response.status,
                seconds: RetryAfter.seconds(response["retry-after"], now: Date()))
        default: return .status(url: url, response.status)
        }
    }

    // MARK: Trying again

    /// Repeats what fails for the moment, with longer and longer pauses, or the one that the server
    /// asks for.
    ///
    /// - Parameter body: gets the number of bytes that have arrived; as long as they become more, the
    ///   series of pauses begins again.
    func retrying(
        note: (String) -> Void = { _ in }, _ body: (_ hasAdvanced: inout Bool) throws -> Void
    ) throws {
        var failures = 0
        while true {
            var hasAdvanced = false
            do { return try body(&hasAdvanced) } catch let error as HubError {
                if hasAdvanced { failures = 0 }
                guard error.isTemporary, failures < Self.pauses.count else { throw error }
                var seconds = Self.pauses[failures]
                if case .limited(_, _, let asked?) = error {
                    guard asked <= Self.longestWait else { throw error }
                    seconds = max(seconds, Double(asked))
                }
                failures += 1
                note("waiting \(Int(seconds.rounded(.up))) s: \(error)")
                pause(seconds)
            }
        }
    }
}

/// The header that says when to try again: seconds, or a date (RFC 9110, section 10.2.3).
enum RetryAfter {
    static func seconds(_ header: String?, now: Date) -> Int? {
        guard let header, !header.isEmpty else { return nil }
        if header.utf8.allSatisfy({ 48...57 ~= $0 }) { return Int(header) ?? .max }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "UTC")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        guard let date = format.date(from: header) else { return nil }
        return Int(clamping: Int64(max(0, date.timeIntervalSince(now)).rounded(.up)))
    }
}
