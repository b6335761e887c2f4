/// Why a request got no answer.
public enum HTTPError: Error, Equatable, Sendable {
    /// libcurl cannot be opened on this machine.
    case noLibrary
    /// libcurl's error number and its own words.
    case failed(url: String, code: Int, reason: String)

    /// Whether the same request may succeed later: the connection broke, or none was made.
    var isTemporary: Bool {
        guard case .failed(_, let code, _) = self else { return false }
        // COULDNT_CONNECT, WEIRD_SERVER_REPLY, HTTP2, PARTIAL_FILE, OPERATION_TIMEDOUT,
        // SSL_CONNECT_ERROR, GOT_NOTHING, SEND_ERROR, RECV_ERROR, AGAIN, HTTP2_STREAM, HTTP3
        return [7, 8, 16, 18, 28, 35, 52, 55, 56, 81, 92, 95].contains(code)
    }

    /// Whether the server's certificate was not accepted, or the file of certificates cannot be read.
    public var isAboutCertificates: Bool {
        guard case .failed(_, let code, _) = self else { return false }
        return code == 60 || code == 77
    }
}

extension HTTPError: CustomStringConvertible {
    /// The fact as one English phrase without a remedy.
    public var description: String {
        switch self {
        case .noLibrary: "libcurl.so.4 cannot be opened"
        case .failed(let url, _, let reason): "\(Self.shown(url)): \(reason)"
        }
    }

    /// An address without its query, which may be a signature that lets anyone in.
    static func shown(_ url: String) -> String {
        url.firstIndex(of: "?").map { String(url[..<$0]) } ?? url
    }
}
