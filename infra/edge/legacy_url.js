// Every existing Panelr client sends /api/api.php?action=<action>. It becomes /api/<action>, so that each
// action is a function behind a route of its own: rewritten, never redirected, for a client turns a redirected
// POST into a GET. The same for one machine is infra/local/src/legacy_url.rs; a test runs this code beside it.
//
// The query is read as it was sent, which rawQueryString() promises:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/general-helper-methods.html
// request.querystring is an object, {name: {value, multiValue?}}, and nothing says whether names and values are
// decoded in it, nor what ";" or a parameter without "=" becomes:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
function handler(event) {
    const request = event.request;
    if (request.uri !== '/api/api.php') {
        return request;
    }
    // undefined when the URL has no "?".
    const pairs = (request.rawQueryString() || '').split('&');
    const actions = pairs.filter(pair => pair === 'action' || pair.startsWith('action='));
    // A repeated, empty, escaped or odd action leaves the URL as it is, and the default route answers 404.
    if (actions.length === 1 && /^action=[a-z_]{1,64}$/.test(actions[0])) {
        request.uri = '/api/' + actions[0].slice('action='.length);
    }
    return request;
}
