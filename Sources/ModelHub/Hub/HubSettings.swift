import Foundation
import TextBytes

/// Where models are downloaded from and by whom, as huggingface_hub's variables say it.
public struct HubSettings: Sendable {
    /// `HF_ENDPOINT`, without a slash at its end.
    public var endpoint = "https://huggingface.co"
    /// `HF_TOKEN`, else the file that `hf auth login` writes.
    public var token: String?
    /// `HF_TOKEN`, or the file's path.
    public var tokenSource: String?
    /// `HF_HUB_OFFLINE`
    public var isOffline = false
    /// `SSL_CERT_FILE`: certificates in place of the system's.
    public var certificates: String?
    /// Names the program to the server.
    public var userAgent = "vdb"
    /// How long a transfer may move no byte before it is begun again.
    public var stallSeconds = 60

    /// The public hub, without a token.
    public init() {}

    /// - Throws: ``HubError`` for an endpoint or a token that cannot be one.
    public init(environment: [String: String]) throws(HubError) {
        if let given = environment["HF_ENDPOINT"], !given.isEmpty {
            endpoint = given
            while endpoint.hasSuffix("/") { endpoint.removeLast() }
            guard WebOrigin(endpoint) != nil, let parts = URLComponents(string: endpoint),
                parts.user == nil, parts.query == nil, parts.fragment == nil
            else { throw .badEndpoint(given) }
        }
        let offline = environment["HF_HUB_OFFLINE"]?.uppercased() ?? ""
        isOffline = ["1", "ON", "YES", "TRUE"].contains(offline)
        if let file = environment["SSL_CERT_FILE"], !file.isEmpty { certificates = file }
        try readToken(environment)
    }

    private mutating func readToken(_ environment: [String: String]) throws(HubError) {
        for name in ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"] {
            guard let given = environment[name], !given.isEmpty else { continue }
            (token, tokenSource) = (try Self.checked(given, name), name)
            return
        }
        guard let path = Self.tokenPath(environment),
            let data = FileManager.default.contents(atPath: path), data.count <= 1 << 16
        else { return }
        let text = String(decoding: data, as: UTF8.self)
        if text.allSatisfy(\.isWhitespace) { return }
        (token, tokenSource) = (try Self.checked(text, path), path)
    }

    /// `$HF_TOKEN_PATH`, else `token` in `$HF_HOME`, else in Hugging Face's cache folder.
    private static func tokenPath(_ environment: [String: String]) -> String? {
        if let path = environment["HF_TOKEN_PATH"], !path.isEmpty { return path }
        return HuggingFaceCache.home(environment)?.appendingPathComponent("token").path
    }

    /// A token goes into a header: a line break in it would begin another one.
    private static func checked(_ text: String, _ source: String) throws(HubError) -> String {
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !token.isEmpty, token.utf8.count <= 4096, token.utf8.allSatisfy({ 33...126 ~= $0 })
        else { throw .badToken(source: source) }
        return token
    }

    var origin: WebOrigin? { WebOrigin(endpoint) }

    /// Whether the token may go to that address: the endpoint's own, and encrypted or on this machine.
    func sendsToken(to url: String) -> Bool {
        guard let origin = WebOrigin(url), origin == self.origin else { return false }
        return origin.isEncrypted || origin.isLoopback
    }

    /// Whether a redirect may lead there: encrypted, unless the endpoint itself is not.
    func allowsRedirect(to url: String) -> Bool {
        guard let target = WebOrigin(url) else { return false }
        return target.isEncrypted || origin?.isEncrypted == false
    }
}
