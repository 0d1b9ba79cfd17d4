//! A certificate authority of this run's own, so that the functions speak TLS to the endpoints here as they do to AWS.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair};
use tokio_rustls::rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};

use crate::fault::{Explain, Fault};

/// Certificates in Lambda's bundle (ca-certificates of Amazon Linux 2023): a function reads them all in init.
const ROOTS: usize = 140;
/// Bytes that bring one here to the mean size of those, 1.1 KB; most have RSA keys of 4,096 bits.
const PADDING: usize = 700;

/// The authority.
pub(crate) struct Authority {
    /// A file for `SSL_CERT_FILE`: as many certificates as Lambda's bundle has, this authority's the last of them.
    pub(crate) bundle: PathBuf,
    /// A file of this authority's certificate alone, for what brings the others itself.
    pub(crate) own: PathBuf,
    /// TLS for an endpoint at 127.0.0.1.
    pub(crate) server: Arc<ServerConfig>,
}

impl Authority {
    /// A new one; its bundle is written to `folder`.
    pub(crate) fn new(folder: &Path) -> Result<Self, Fault> {
        let what = "a certificate could not be made";
        let mut text = String::new();
        for number in 1..ROOTS {
            let (params, key) = root(&format!("Root {number:03}"))?;
            let certificate = params.self_signed(&key).explain(what)?;
            write!(text, "{}", certificate.pem()).explain(what)?;
        }
        let (params, key) = root("Bench")?;
        let own = params.self_signed(&key).explain(what)?;
        write!(text, "{}", own.pem()).explain(what)?;
        let write = |name: &str, text: &str| {
            let file = folder.join(name);
            std::fs::write(&file, text).explain("certificates cannot be written").map(|()| file)
        };
        let (bundle, own) = (write("roots.pem", &text)?, write("root.pem", &own.pem())?);

        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().explain(what)?;
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).explain(what)?;
        let certificate = params.signed_by(&key, &issuer).explain(what)?;
        let key = PrivateKeyDer::try_from(key.serialize_der()).explain(what)?;
        let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .explain(what)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .explain(what)?;
        // DynamoDB and SQS speak no HTTP/2.
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { bundle, own, server: Arc::new(server) })
    }
}

fn root(name: &str) -> Result<(CertificateParams, KeyPair), Fault> {
    let what = "a certificate could not be made";
    let mut params = CertificateParams::new([]).explain(what)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    // An OCTET STRING under a number for experiments; readers pass over what is not critical.
    let mut padding = vec![0x04, 0x82];
    padding.extend(u16::try_from(PADDING).explain(what)?.to_be_bytes());
    padding.resize(PADDING + 4, 0x2a);
    params.custom_extensions.push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 3, 1], padding));
    Ok((params, KeyPair::generate().explain(what)?))
}
