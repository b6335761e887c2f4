import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import JSON
import ModelContextProtocol
import NIOCore
import NIOSSL
import VectorDatabase

/// How a server is run.
package struct ServerConfiguration: Sendable {
    package var database: Database
    package var address: ServerAddress
    package var limits = Limits()
    package var keys = KeyRing([])
    /// Names besides `localhost` and the address itself that requests may call the server by.
    package var allowedHosts: [String] = []
    /// Origins of pages that may use the server in a browser.
    package var allowedOrigins: [String] = []
    /// Seconds that requests may take to end after a shutdown was asked for.
    package var drain = 30.0
    /// Threads for the database's calls.
    package var lanes = 4
    package var version: String
    package var log: ServerLog
    /// The queue through which the database's embedders encode; see ``EmbeddingQueue/wrap(_:)``.
    package var queue: EmbeddingQueue
    /// More names of the model for OpenAI's clients.
    package var modelAliases: [String] = []
    package var tokenIDs = TokenIDs.refuse
    /// The language model that reranks hits by how likely it finds the question; `nil` for none.
    package var questionScorer: (any QuestionScorer)?
    /// The database as tools of an assistant, for a caller's rights.
    package var tools: @Sendable (ToolAccess) -> any ToolProvider

    package init(
        database: Database, queue: EmbeddingQueue, address: ServerAddress, version: String,
        log: ServerLog, tools: @escaping @Sendable (ToolAccess) -> any ToolProvider
    ) {
        self.tools = tools
        self.database = database
        self.queue = queue
        self.address = address
        self.version = version
        self.log = log
    }

    /// The certificate; `nil` for plain HTTP.
    package var identity: TLSIdentity?

    var isSecure: Bool { identity != nil }

    /// HTTP/1.1, and also HTTP/2 with TLS.
    func serverBuilder(_ services: Services) throws -> HTTPServerBuilder {
        let limits = limits
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                HeadTimeout(limit: .seconds(Int64(limits.headTimeout))),
                HeadFailure(limit: limits.head) { failure in
                    let problem = Problem(failure)
                    services.metrics.rejected(problem)
                    return problem
                },
                HangupHandler(services.clients),
            ],
            idleTimeout: .seconds(Int64(limits.idle)),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.head, maxHeaderListSize: limits.head,
                maxHeaderFieldCount: Limits.headers))
        guard let identity else { return .http1(configuration: channel) }
        return try .http2Upgrade(
            tlsConfiguration: identity.configuration,
            configuration: .init(
                idleTimeout: .seconds(limits.idle), gracefulCloseTimeout: .seconds(drain),
                streamConfiguration: channel))
    }
}

/// What an assistant may do with the database.
package struct ToolAccess: Sendable {
    package let isReadOnly: Bool
    /// The only collections that it reaches; `nil` for all.
    package let collections: [String]?
}

/// Where a server listens.
package enum ServerAddress: Sendable, Equatable {
    case host(String, port: Int)
    /// A Unix domain socket.
    case socket(path: String)

    /// `127.0.0.1:7373`, `[::1]:7373`, `localhost:0`; `nil` for anything else.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        }
        if host.isEmpty { return nil }
        self = .host(host, port: Int(port))
    }

    /// Whether only programs of this machine reach it.
    package var isLoopback: Bool {
        switch self {
        case .socket: true
        case .host(let host, _):
            host.lowercased() == "localhost" || host == "::1"
                || (try? SocketAddress(ipAddress: host, port: 0)) != nil
                    && host.hasPrefix("127.")
        }
    }

    var bindAddress: BindAddress {
        switch self {
        case .host(let host, let port): .hostname(host, port: port)
        case .socket(let path): .unixDomainSocket(path: path)
        }
    }

    package var description: String {
        switch self {
        case .host(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .socket(let path): path
        }
    }
}

/// The address of a server that listens, with the port that it got.
package struct ListeningAddress: Sendable {
    /// `http://127.0.0.1:7373`, or `unix:/run/vdb.sock`.
    package let url: String

    init(_ address: ServerAddress, isSecure: Bool, port: Int?) {
        switch address {
        case .host(let host, let given):
            let bound = ServerAddress.host(host, port: port ?? given)
            url = "\(isSecure ? "https" : "http")://\(bound.description)"
        case .socket(let path): url = "unix:\(path)"
        }
    }
}

/// Why a server cannot start, as facts.
package enum ServerError: Error {
    /// The system refuses the address, with a code of errno.
    case cannotListen(address: String, code: Int32)
    /// The address is not one: its host is not known, or its path too long.
    case noSuchAddress(String)
}

extension ListeningAddress {
    /// The line that tells a program where the server listens.
    package func json(version: String) -> String {
        var line = JSONWriter()
        line.set("listening", url)
        line.set("version", version)
        line.set("pid", Int(ProcessInfo.processInfo.processIdentifier))
        return line.text
    }
}
