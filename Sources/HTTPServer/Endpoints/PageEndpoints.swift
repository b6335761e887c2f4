import FileFormat
import HTTPTypes
import Hummingbird
import NIOCore

/// The page for people, at `/`. It needs no key to load: what it shows, it asks the other routes for.
struct PageEndpoints {
    var routes: [Route] {
        [
            Route(.get, "/", .open) { Self.index.answer(to: $0) },
            Route(.get, "/page/{file}", .open) { call in
                guard let file = Self.files[call.part("file")] else {
                    throw RequestFailure.noSuchRoute(path: call.request.uri.path)
                }
                return file.answer(to: call)
            },
        ]
    }

    private static let index = File(PackageResources.index_html, "text/html; charset=utf-8")

    /// What the page consists of, by the names in its addresses.
    private static let files: [String: File] = {
        func module(_ name: String, _ bytes: [UInt8]) -> JoinedScript.Module {
            .init(name: name, text: String(decoding: bytes, as: UTF8.self))
        }
        let script = JoinedScript.text([
            module("elements", PackageResources.elements_js),
            module("client", PackageResources.client_js),
            module("filters", PackageResources.filters_js),
            module("hits", PackageResources.hits_js),
            module("document", PackageResources.document_js),
            module("plane", PackageResources.plane_js),
            module("map", PackageResources.map_js),
            module("page", PackageResources.page_js),
        ])
        return [
            "page.js": File(Array(script.utf8), "text/javascript; charset=utf-8"),
            "page.css": File(PackageResources.page_css, "text/css; charset=utf-8"),
            "icon.svg": File(PackageResources.icon_svg, "image/svg+xml"),
        ]
    }()

    private struct File: Sendable {
        let body: ByteBuffer
        let headers: HTTPFields
        let tag: String

        init(_ bytes: [UInt8], _ type: String) {
            body = ByteBuffer(bytes: bytes)
            tag = "\"\(bytes.withUnsafeBytes { ContentHash(of: $0) }.hexadecimal)\""
            headers = [
                .contentType: type, .eTag: tag, .cacheControl: "no-cache",
                .contentSecurityPolicy: PageEndpoints.policy, .referrerPolicy: "no-referrer",
                .crossOriginOpenerPolicy: "same-origin",
            ]
        }

        func answer(to call: Call) -> Response {
            if call.has(version: tag) { return Response(status: .notModified, headers: headers) }
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
        }
    }

    /// Only the server's own files; no frame of another page; and scripts cannot turn text into markup.
    private static let policy = """
        default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; \
        frame-ancestors 'none'; require-trusted-types-for 'script'
        """
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = Self("Referrer-Policy")!
    fileprivate static let crossOriginOpenerPolicy = Self("Cross-Origin-Opener-Policy")!
}
