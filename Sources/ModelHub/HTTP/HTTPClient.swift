import CLibcurl
import Foundation

/// HTTP requests by libcurl, which is opened when the first client is made: no other command pays for
/// loading it.
///
/// Certificates are always checked. Redirects are answers like any other: whoever asks decides whether
/// to follow. Proxies are those of `https_proxy`, `http_proxy` and `no_proxy`, as libcurl reads them.
final class HTTPClient {
    private let session: OpaquePointer
    private let userAgent: String
    /// A file of certificates in place of the system's.
    private let certificates: String?
    private let stallSeconds: Int

    /// - Parameter stallSeconds: how long a transfer may move no byte.
    init(userAgent: String, certificates: String? = nil, stallSeconds: Int = 60) throws(HTTPError) {
        guard let session = libcurl_session_new() else { throw .noLibrary }
        self.session = session
        self.userAgent = userAgent
        self.certificates = certificates
        self.stallSeconds = stallSeconds
    }

    deinit { libcurl_session_free(session) }

    /// Makes one request.
    ///
    /// - Parameters:
    ///   - url: absolute, `http` or `https`.
    ///   - headers: without line breaks, which would begin another header.
    ///   - body: gets the answer's body in pieces, after its head; what it throws ends the transfer
    ///     and is thrown.
    /// - Throws: ``HTTPError``, or what `body` throws.
    func send(
        _ url: String, headers: [(name: String, value: String)] = [], withoutBody: Bool = false,
        body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void = { _, _ in }
    ) throws -> HTTPResponse {
        try withoutActuallyEscaping(body) { body in
            let transfer = Transfer(body: body)
            var result = libcurl_result()
            let lines = headers.map { strdup("\($0.name): \($0.value)") }
            defer { for line in lines { free(line) } }
            url.withCString { url in
                userAgent.withCString { userAgent in
                    Self.withOptionalCString(certificates) { certificates in
                        lines.map { UnsafePointer($0) }.withUnsafeBufferPointer { lines in
                            var request = libcurl_request()
                            request.url = url
                            request.headers = lines.baseAddress
                            request.header_count = lines.count
                            request.user_agent = userAgent
                            request.certificates = certificates
                            request.without_body = withoutBody
                            request.stall_seconds = stallSeconds
                            libcurl_perform(
                                session, &request, Transfer.takeHead, Transfer.takeBody,
                                Unmanaged.passUnretained(transfer).toOpaque(), &result)
                        }
                    }
                }
            }
            if let failure = transfer.failure { throw failure }
            guard result.code == 0 else {
                throw HTTPError.failed(
                    url: url, code: Int(result.code), reason: Self.message(of: result))
            }
            transfer.response.status = result.status
            transfer.response.location = result.location.map { String(cString: $0) }
            return transfer.response
        }
    }

    private static func withOptionalCString(
        _ text: String?, _ body: (UnsafePointer<CChar>?) -> Void
    ) {
        guard let text else { return body(nil) }
        text.withCString { body($0) }
    }

    private static func message(of result: libcurl_result) -> String {
        withUnsafeBytes(of: result.message) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// One request's answer as it arrives.
    private final class Transfer {
        var response = HTTPResponse()
        var failure: (any Error)?
        private let body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void

        init(body: @escaping (HTTPResponse, UnsafeRawBufferPointer) throws -> Void) {
            self.body = body
        }

        static let takeHead: libcurl_sink = { context, bytes, count in
            guard let context, let bytes else { return false }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            return transfer.response.add(line: UnsafeRawBufferPointer(start: bytes, count: count))
        }

        static let takeBody: libcurl_sink = { context, bytes, count in
            guard let context, let bytes else { return false }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            do {
                try transfer.body(
                    transfer.response, UnsafeRawBufferPointer(start: bytes, count: count))
                return true
            } catch {
                transfer.failure = error
                return false
            }
        }
    }
}
