//! The local service shows the document at `/docs`, with nothing from elsewhere.

use local::docs;
use support::service::TestService;

/// Status, content type, body.
async fn get(service: &TestService, path: &str) -> (u16, String, String) {
    let answer = reqwest::get(format!("{}{path}", service.local.url)).await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers["content-type"].to_str().unwrap().to_owned(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_all_it_loads_come_from_the_service() {
    let service = TestService::start().await;
    let (status, content_type, page) = get(&service, "/docs").await;
    assert_eq!((status, content_type.as_str()), (200, "text/html; charset=utf-8"));
    assert!(!page.contains("//") || page.matches("//").count() == page.matches("// ").count(), "{page}");
    let sources: Vec<&str> = page.split("src=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(sources, ["/docs/scalar.js"]);
    assert!(page.contains("\"url\":\"/openapi.yaml\""), "{page}");

    let (status, content_type, script) = get(&service, sources[0]).await;
    assert_eq!((status, content_type.as_str()), (200, "text/javascript; charset=utf-8"));
    assert!(script.len() > 1_000_000 && script.contains("createApiReference"));
    let (status, content_type, document) = get(&service, "/openapi.yaml").await;
    assert_eq!((status, content_type.as_str(), document.as_str()), (200, "application/yaml", docs::DOCUMENT));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_asks_nobody_else() {
    let service = TestService::start().await;
    let answer = reqwest::get(format!("{}/docs", service.local.url)).await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'self';") && !policy.contains("http"), "{policy}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_reading_is_answered_so() {
    let service = TestService::start().await;
    let answer = service.send("POST", "/docs", &[], "").await;
    assert_eq!(answer.error(404), "Unknown action.");
    let answer = service.send("GET", "/docs/", &[], "").await;
    assert_eq!(answer.error(404), "Unknown action.");
}
