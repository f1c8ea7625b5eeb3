//! The AWS SDK's HTTP client that ends in this process: no socket, no TLS, no DNS.

use std::fmt;
use std::io;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use super::gateway::{Gateway, Lost};

/// Hands the SDK's requests to the gateway.
#[derive(Clone)]
pub(crate) struct InProcess(pub Arc<Gateway>);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let gateway = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let (parts, body) =
                request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?.into_parts();
            let body = ByteStream::new(body).collect().await.map_err(|error| ConnectorError::user(error.into()))?;
            let request = http::Request::from_parts(parts, body.into_bytes());
            let response = gateway.call(request).await.map_err(|Lost| {
                ConnectorError::io(io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by peer").into())
            })?;
            HttpResponse::try_from(response.map(SdkBody::from))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}
