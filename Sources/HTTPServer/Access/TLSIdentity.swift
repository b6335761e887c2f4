import Foundation
import NIOSSL
import Synchronization

/// The certificate and the key by which the server proves who it is. SIGHUP replaces them; connections that
/// are open keep the old ones.
package final class TLSIdentity: Sendable {
    private struct Pair: Sendable {
        let chain: [NIOSSLCertificateSource]
        let key: NIOSSLPrivateKeySource
    }

    private let certificates: String
    private let key: String
    private let pair: Mutex<Pair>

    /// Reads PEM files.
    ///
    /// - Parameters:
    ///   - certificates: the path of the certificate chain, the server's own first.
    ///   - key: the path of its private key.
    /// - Throws: ``TLSIdentityError``.
    package init(certificates: String, key: String) throws {
        self.certificates = certificates
        self.key = key
        pair = Mutex(try Self.read(certificates, key))
    }

    /// Reads the files again.
    ///
    /// - Throws: ``TLSIdentityError``; then nothing has changed.
    package func reload() throws {
        let fresh = try Self.read(certificates, key)
        pair.withLock { $0 = fresh }
    }

    private static func read(_ certificates: String, _ key: String) throws -> Pair {
        let chain: [NIOSSLCertificate]
        do { chain = try NIOSSLCertificate.fromPEMFile(certificates) } catch {
            throw TLSIdentityError.unusableFile(path: certificates, isKey: false)
        }
        guard !chain.isEmpty else {
            throw TLSIdentityError.unusableFile(path: certificates, isKey: false)
        }
        let privateKey: NIOSSLPrivateKey
        do { privateKey = try NIOSSLPrivateKey(file: key, format: .pem) } catch {
            throw TLSIdentityError.unusableFile(path: key, isKey: true)
        }
        let pair = Pair(
            chain: chain.map { .certificate($0) }, key: .privateKey(privateKey))
        // Only a context tells whether they belong together.
        do {
            _ = try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: pair.chain, privateKey: pair.key))
        } catch { throw TLSIdentityError.mismatch(certificates: certificates, key: key) }
        return pair
    }

    var configuration: TLSConfiguration {
        let pair = pair.withLock { $0 }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: pair.chain, privateKey: pair.key)
        configuration.minimumTLSVersion = .tlsv12
        configuration.sslContextCallback = { [self] _, promise in
            let pair = self.pair.withLock { $0 }
            var change = NIOSSLContextConfigurationOverride()
            change.certificateChain = pair.chain
            change.privateKey = pair.key
            promise.succeed(change)
        }
        return configuration
    }
}

/// Why a server cannot prove who it is.
package enum TLSIdentityError: Error, Equatable {
    /// The file cannot be read, or is not PEM.
    case unusableFile(path: String, isKey: Bool)
    /// The key is not the certificate's.
    case mismatch(certificates: String, key: String)
}
