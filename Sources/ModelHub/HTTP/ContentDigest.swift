import CLibcrypto

/// SHA-256, or Git's SHA-1 of a blob, over parts that arrive one after another.
package final class ContentDigest {
    package enum Kind: Equatable {
        case sha256
        /// Of `blob SIZE`, a zero byte and the content.
        case gitBlob(size: Int)
    }

    private let digest: OpaquePointer

    /// Nil without OpenSSL's libcrypto.
    package init?(_ kind: Kind) {
        guard
            let digest = libcrypto_digest_new(
                kind == .sha256 ? LIBCRYPTO_SHA256 : LIBCRYPTO_SHA1)
        else { return nil }
        self.digest = digest
        if case .gitBlob(let size) = kind {
            Array("blob \(size)\0".utf8).withUnsafeBytes { update($0) }
        }
    }

    deinit { libcrypto_digest_free(digest) }

    package func update(_ bytes: UnsafeRawBufferPointer) {
        _ = libcrypto_digest_update(digest, bytes.baseAddress, bytes.count)
    }

    /// Lower-case hexadecimal digits. Nothing can be added afterwards.
    package func finalize() -> String {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = libcrypto_digest_final(digest, &bytes)
        return bytes.prefix(count).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
