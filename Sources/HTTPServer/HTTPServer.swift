import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import VectorDatabase

/// A database behind HTTP.
///
///     request ──> API: origin, route, key ──> endpoint: decode, call VectorDatabase, encode ──> answer
///
/// - Requests are decoded and encoded on Swift's shared threads, and the database's calls that block run
///   on threads of their own, so that no event loop waits for the disk.
/// - ``shutDown()`` ends it gracefully: `/ready` turns 503, listening stops, requests that run have
///   ``ServerConfiguration/drain`` seconds to end, and the rest are canceled.
package final class HTTPServer: Sendable {
    private let configuration: ServerConfiguration
    private let services: Services
    private let trigger = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    package init(_ configuration: ServerConfiguration) {
        self.configuration = configuration
        services = Services(configuration)
    }

    /// The routes, with which the tests compare the OpenAPI document.
    static func routes(_ services: Services) -> RouteTable {
        RouteTable(
            routes: CollectionEndpoints(services: services).routes
                + DocumentEndpoints(services: services).routes
                + QueryEndpoints(services: services).routes
                + ProjectionEndpoint(services: services).routes
                + EmbedEndpoints(services: services).routes
                + AssistantEndpoints(services: services).routes
                + OperationEndpoints(services: services).routes
                + PageEndpoints().routes)
    }

    /// The description of every request and answer: OpenAPI 3.1, written by hand.
    package static let openAPI = String(decoding: PackageResources.openapi_json, as: UTF8.self)

    /// The methods and paths that the server answers to, such as `GET /health`.
    package var operations: [String] {
        Self.routes(services).routes.map { "\($0.method.rawValue) \($0.template)" }
    }

    /// Serves until ``shutDown()``, or until the task is canceled.
    ///
    /// - Parameter listening: called once with the address when requests are taken.
    /// - Throws: ``ServerError``; errors of the network.
    package func run(listening: @escaping @Sendable (ListeningAddress) -> Void) async throws {
        let api = API(
            routes: Self.routes(services), services: services,
            origins: OriginGuard(
                allowedHosts: configuration.allowedHosts,
                allowedOrigins: configuration.allowedOrigins,
                isSecure: configuration.isSecure))
        var logger = Logger(label: "vdb") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let configuration = configuration
        let services = services
        let application = Application(
            responder: api, server: try configuration.serverBuilder(services),
            configuration: ApplicationConfiguration(
                address: configuration.address.bindAddress, serverName: "vdb",
                availableConnectionsDelegate: MaximumAvailableConnections(
                    configuration.limits.connections, logger: logger)),
            onServerRunning: { channel in
                services.lifecycle.begin()
                listening(
                    ListeningAddress(
                        configuration.address, isSecure: configuration.isSecure,
                        port: channel.localAddress?.port))
            }, logger: logger)
        // The last seconds are for streams to say how far they came.
        var groupConfiguration = ServiceGroupConfiguration(
            services: [.init(service: application, successTerminationBehavior: .ignore)],
            logger: logger)
        groupConfiguration.maximumGracefulShutdownDuration = .seconds(configuration.drain + 2)
        let group = ServiceGroup(configuration: groupConfiguration)
        let watch = Task { [trigger] in
            for await _ in trigger.stream {
                services.lifecycle.drain()
                await group.triggerGracefulShutdown()
                try? await Task.sleep(for: .seconds(configuration.drain))
                services.lifecycle.expire()
            }
        }
        defer { watch.cancel() }
        do { try await group.run() } catch let error as IOError {
            throw ServerError.cannotListen(
                address: configuration.address.description, code: error.errnoCode)
        } catch  where error is SocketAddressError || error is SocketAddressError.UnknownHost {
            throw ServerError.noSuchAddress(configuration.address.description)
        } catch is CancellationError where services.lifecycle.isDraining {
            // What still ran was canceled.
        }
        await services.stop()
    }

    /// Ends ``run(listening:)`` gracefully. May be called from any thread.
    package func shutDown() { trigger.continuation.yield() }
}
